"""Audit packages: everything behind one decision, to be checked by anybody, offline.

The room packs what a book holds into one file and checks such a file from its bytes alone. It does
not know where a package is kept or sent, asks no clock, and trusts nothing in a package because it
stands there: only the log's key, and what its signature covers.
"""
