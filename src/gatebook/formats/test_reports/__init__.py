"""Reports of test runs, one module for each tool's format, in one normal form.

Knows how each tool counts; whether a run is good enough is for the gate to say.
"""
