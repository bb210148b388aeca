"""Reports of how much code the tests ran, one module each, in one normal form.

Knows how each tool counts; how much is enough is for the gate to say.
"""
