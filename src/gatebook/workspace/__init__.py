"""The one place that wires rooms together: a book in a directory, opened, used and closed.

Command line, service and library all go through here. It decides nothing about artifacts.
"""
