"""Statements about whether a vulnerability touches a product (VEX), in one normal form.

Knows OpenVEX, CSAF and what CycloneDX says of exploitability, and the mandatory tests of CSAF 2.0.
Who may be believed, and which finding a statement answers, is said in
:mod:`gatebook.vulnerabilities.vex`; nothing here knows findings.
"""
