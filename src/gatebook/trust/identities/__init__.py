"""Whom a signing certificate was issued to, in parts, and constraints on the parts."""
