"""What an environment demands: contracts, and the controls they are made of.

A contract is data: it lists controls, each with its mode and parameters. A control judges facts
and answers with an outcome that says what was expected, what was found, by which evidence, and
how to fix it. The room knows neither where facts come from nor what becomes of an outcome.
"""
