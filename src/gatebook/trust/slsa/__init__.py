"""The rules of SLSA verification: is this build the one that was expected.

Signatures, certificates and identities are verified elsewhere; here a *verified* statement is
compared with what the caller expects: builder, source, tag, branch, workflow inputs, subject. The
rules are those of slsa-verifier, and stricter where the comment at the rule says so. The room must
not know where attestations come from, and never takes an expectation from the statement it judges.
"""
