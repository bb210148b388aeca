"""Where provenance of each build system says what was built."""
