"""Statements about whether a vulnerability touches a product (VEX), in one normal form.

Knows OpenVEX, CSAF and what CycloneDX says of exploitability; who may be believed is for the gate
to say.
"""
