"""The built-in controls, one module each.

To add one: write a module with a frozen class that satisfies
:class:`~gatebook.policy.control.Control`, and list it in :mod:`gatebook.policy.catalogue`.
Controls know nothing of each other.
"""
