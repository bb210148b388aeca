"""Telling documents apart by their content, and the shape every reader of a format has.

Knows how documents are wrapped, encoded and named; what a format means is for the rooms beside it.
A file's name is never looked at.
"""
