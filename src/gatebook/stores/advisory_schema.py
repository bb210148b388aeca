"""The tables of an advisory store: one file that is built once and then only read."""

from typing import Final

__all__ = ["APPLICATION_ID", "FORMAT", "INDEXES", "SCHEMA"]

FORMAT: Final = 1
APPLICATION_ID: Final = 0x47424B41  # "GBKA"

# Rows of a package lie together and in the order of their keys, so that a look-up reads one or two
# pages. A coordinate is written once; everything else names it by number.
SCHEMA: Final = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE record (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, digest BLOB NOT NULL, modified INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE ecosystem (name TEXT PRIMARY KEY, records INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE package (id INTEGER PRIMARY KEY, coordinate TEXT NOT NULL) STRICT;
CREATE TABLE interval (
    package INTEGER NOT NULL, lo BLOB NOT NULL, record INTEGER NOT NULL, place INTEGER NOT NULL,
    hi BLOB, PRIMARY KEY (package, lo, record, place)
) WITHOUT ROWID, STRICT;
CREATE TABLE listed (
    package INTEGER NOT NULL, version TEXT NOT NULL, record INTEGER NOT NULL,
    place INTEGER NOT NULL, PRIMARY KEY (package, version, record, place)
) WITHOUT ROWID, STRICT;
CREATE TABLE unjudged (
    package INTEGER NOT NULL, record INTEGER NOT NULL, place INTEGER NOT NULL,
    PRIMARY KEY (package, record, place)
) WITHOUT ROWID, STRICT;
CREATE TABLE withdrawn (
    package INTEGER NOT NULL, record INTEGER NOT NULL, place INTEGER NOT NULL,
    PRIMARY KEY (package, record, place)
) WITHOUT ROWID, STRICT;
CREATE TABLE alias (id TEXT PRIMARY KEY, canonical TEXT NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE upstream (
    id TEXT NOT NULL, record INTEGER NOT NULL, PRIMARY KEY (id, record)
) WITHOUT ROWID, STRICT;
CREATE TABLE kev (
    cve TEXT PRIMARY KEY, added TEXT NOT NULL, due TEXT, ransomware TEXT
) WITHOUT ROWID, STRICT;
CREATE TABLE epss (
    cve TEXT PRIMARY KEY, probability TEXT NOT NULL, percentile TEXT NOT NULL
) WITHOUT ROWID, STRICT;
PRAGMA user_version = {FORMAT};
PRAGMA application_id = {APPLICATION_ID};
"""

# Made when all rows are in: sorting once is faster than finding the place of each.
INDEXES: Final = """
CREATE UNIQUE INDEX record_id ON record (id);
CREATE UNIQUE INDEX package_coordinate ON package (coordinate);
CREATE INDEX alias_canonical ON alias (canonical);
ANALYZE;
"""
