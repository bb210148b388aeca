"""Digests of what lies on disk or in a registry: files, directories, image layouts, images.

One front door, :mod:`gatebook.fingerprint.fingerprint`, and one module for each algorithm. Every
algorithm says which bytes it covers (``docs/reference/fingerprints.md``); what it cannot cover —
a special file, an unreadable one, one that changes while it is read — it refuses rather than skips.

The readers of files, layouts and archives also serve :mod:`gatebook.fingerprint.attestation_paths`,
which hands on attestations found on disk without looking into them.

The room must not know what a digest is wanted for: no ledger, no evidence, no gate, no output.
It writes nothing and extracts nothing. Callers import the modules; nothing is re-exported.
"""
