"""What code quality services say of a revision: issues and quality gates.

Knows what the services answer; whether it is good enough is for the gate to say.
"""
