"""Somebody's request to verify attestations without a book."""
