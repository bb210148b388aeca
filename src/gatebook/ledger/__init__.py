"""The ledger: an append-only Merkle log of entries, each of a closed set of kinds.

An entry is canonical JSON, at most 65,535 bytes, and never changes. Appending answers with the
index, and a receipt for it can be made at any time. The room decides the order and the form of
entries and what a valid book is; it does not know where bytes are kept (a store does), who is
believed (``trust``), or what an entry means for a decision (``gate``).
"""
