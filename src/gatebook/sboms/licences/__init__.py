"""Licences: SPDX expressions, what they allow one to choose, and lists that decide about them.

Nothing here knows where a list comes from, or what is done about a licence that is not on it.
"""
