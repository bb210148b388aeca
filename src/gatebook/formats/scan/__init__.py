"""Reports of vulnerability, configuration and code scanners, one module each, in one normal form.

Knows what each scanner writes and how its words map to :mod:`gatebook.formats.scan.report`;
whether a finding matters is for the gate to say.
"""
