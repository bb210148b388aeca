"""How facts come in: received, verified, kept as a blob, written as an entry.

What is refused is recorded as refused, with the digest of its bytes and the code of the reason,
and then raised. The room does not decide about candidates, nor where anything is stored.
"""
