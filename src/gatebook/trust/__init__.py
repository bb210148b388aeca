"""Who signed, and whether that is believed.

Trust roots say which keys are believed, for what, where and when; the verifier turns received bytes
into a :class:`~gatebook.trust.verified.VerifiedStatement` or raises. No other room can make one.

Where to look: ``root`` holds trust roots, ``received`` reads what is handed in, ``believed`` finds
who signed it, ``verify`` judges. ``sigstore`` verifies bundles, ``identities`` reads certificates
in parts, ``slsa`` judges builds, ``layout`` judges in-toto layouts, ``signing`` and ``ssh`` make
and check signatures, ``request`` verifies without a book.

The room does no input or output and asks no clock: bytes, keys and the instant of judgement are
given to it. It must not know how evidence is stored, which control it satisfies or what the gate
makes of it, and it never lets a document say by whom it wants to be verified. Callers import the
modules; nothing is re-exported.
"""
