"""The gate: may this artifact enter this environment?

Gather the facts, apply the contract, record the decision; and decide again, from what was
recorded, to the same bytes. ``decide`` is a pure function. The room does not know how evidence
came in, nor where anything is stored.
"""
