"""One module per command; each has ``command``. They import what they need when they run."""
