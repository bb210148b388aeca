"""Fuzzing: every reader of foreign bytes, and the verifiers behind them.

Each target takes arbitrary bytes and holds one property: what comes back is a result of the
declared type, or an error of ours. ``python fuzz/run.py --help`` runs them with atheris; the
recorded corpus is replayed by ``tests/unit/fuzz`` without it. Nothing here is part of the package.
"""
