"""Sigstore: bundles verified offline against a trusted root that is data.

:mod:`~gatebook.trust.sigstore.verify` is the routine of trust; the other modules are its parts:
certificates, log entries, timestamps, the root they are checked against and the profile that says
what is demanded. A profile is named by whoever asks and never read off the bundle.

Like the whole room this one does no input or output and asks no clock. It must not know whose
identities are accepted, or what an attestation is evidence for. Callers import the modules; nothing
is re-exported.
"""
