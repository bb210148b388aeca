"""Making signatures: keys in memory, the files they come in, and bundles."""
