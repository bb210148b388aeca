"""Whether an SBOM keeps every rule of its format, beyond what is needed to read it.

CycloneDX is checked against its published schemas, SPDX 2 and 3 against the rules of their
specifications. A check raises one error that names the first places; it never changes what a reader
reads. Knows nothing of quality: whether a valid document says enough is for other rooms.
"""
