"""Component lists in the formats the world writes them in, read into one normal form.

``components`` is the normal form; each format has a module of its own that defines its ``READER``,
``readers`` lists them in the order in which they are asked, and ``read`` finds the right one.

The room must not know who wrote a document, whether its package names exist, which flaws are known
in them, or what the gate makes of a list that is empty or incomplete.
"""
