"""Vulnerabilities of one artifact, weighed by what an environment demands.

Put together here: match reports, scans, exploitability statements and waivers become one list in
which every vulnerability of every component stands once, with what became of it. This room knows
facts and parameters; it knows neither where advisories come from nor how a report is read.
"""
