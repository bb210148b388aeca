"""Advisories, and which packages they touch: versions, ranges, aliases, matches, statements.

Everything here is a function of documents: an advisory snapshot, a component list, statements on
exploitability. It knows nothing of contracts, and fetches nothing.
"""
