"""The facts: what the book knows about a candidate, read and verified again for one judgement.

Everything a judgement weighs comes through here, as frozen records with nothing left to look up:
the entries are chosen by the index, read from the ledger, and their documents verified again from
the stored bytes against today's trust root. The room does not know what a contract demands.
"""
