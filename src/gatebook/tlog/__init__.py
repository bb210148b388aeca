"""Transparency logs in the formats of C2SP: Merkle maths, tiles, signed notes, receipts.

Bytes come in, values go out: this room reads no file, asks no clock and opens no connection; a
caller who wants a tile hands in a function that fetches it. It knows which signatures a key made,
never whether that key deserves belief, and it has no idea what an entry says.
"""
