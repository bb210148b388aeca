"""The index: entries folded into tables, so that questions are answered without reading the log.

A fold of the ledger and nothing else: delete it, rebuild it, get the same rows. It says where to
look; whoever decides reads the entries themselves. It does not know who is believed, nor what a
contract demands.
"""
