"""The command line: words in, words out. It holds no rules about artifacts.

Standard output is the answer, standard error the rest. ``main`` knows the commands by a table and
imports one only when it runs, so that ``gatebook --help`` loads nothing heavy.
"""
