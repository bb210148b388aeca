"""Run programs of others where they can do no harm: in child processes with limits.

A program may loop, eat memory, crash its engine or end its process; here that costs one child and
gives one code. The room knows pipes, processes and limits, and which engine a program is for. It
does not know what a program judges, what its value means, or the book.
"""
