"""Where bytes are kept: in memory, in SQLite, in files.

Each store implements the protocols of the room that needs it (``ledger.store``, ``index.store``)
natively and shares no code with the others; one conformance suite says what they promise. Stores
know no domain rules and decide nothing.
"""
