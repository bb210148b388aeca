"""What an SBOM is worth: its binding, quality and licences, and what changed since another one.

Everything here is a function of component lists. It knows nothing of contracts or vulnerabilities.
"""
