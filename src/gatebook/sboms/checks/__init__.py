"""The checks S01 to S24: each asks one question of a component list and answers with three values.

A check that is not given what it needs says so; it never passes for want of something to look at.
Who signed an SBOM (S03) is for trust to say, and is not here.
"""
