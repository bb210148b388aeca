"""Documents that others wrote, read into records: the one place that knows their syntax.

DSSE envelopes, Sigstore bundles, in-toto statements and predicates, SBOMs, test reports, image
manifests. ``attestations`` tells the forms of attestations apart, ``build`` knows the provenance of
each build system, ``layout`` in-toto layouts, ``schemas`` holds the schemas of our own. Each module
reads one family and yields a record of the fields a control needs, or raises a
:class:`~gatebook.errors.MalformedError`; a document that two readers could understand differently
is refused.

The room does no input or output and must not know who signed a document, whether anyone believes
it, which control asks for it or what the gate makes of it.
Callers import the modules; nothing is re-exported.
"""
