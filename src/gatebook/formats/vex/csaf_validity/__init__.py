"""Whether a CSAF 2.0 document is valid: its schema, and the mandatory tests of §6.1.

Each module holds the tests of one subject and names the section beside each. Nothing is fetched,
and no catalogue is shipped: what a test needs of the registry of languages and of the catalogue of
weaknesses is in :mod:`languages` and :mod:`weaknesses`, which say what they cannot know.
"""
