"""Which statement answers a finding: exploitability statements applied in a stated order.

Trusted author, product, part of the product, vulnerability with all its names, newest. A function
of findings, statements and rules; who signed a document was found out elsewhere, and what a verdict
means for a gate is said elsewhere. A finding never disappears here: the statement that answers it
is named, and so is the reason why every other one does not.
"""
