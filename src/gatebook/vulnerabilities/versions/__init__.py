"""Versions as bytes: for each scheme a key whose byte order is the order of the scheme.

A version that has no place in the order of its scheme is refused, never guessed. The room knows
nothing of packages, advisories or stores: a scheme, a text, a key.
"""
