"""The readers of exploitability statements, in the order in which they are asked.

CycloneDX documents are component lists first and read there; what they say of exploitability is
taken out of them by :func:`gatebook.formats.vex.cyclonedx_vex.vex_from_cyclonedx`.
"""

from typing import Final

from gatebook.formats.reading.reader import Reader
from gatebook.formats.vex import csaf, openvex
from gatebook.formats.vex.statement import VexDocument

__all__ = ["VEX_READERS"]

VEX_READERS: Final[tuple[Reader[VexDocument], ...]] = (csaf.READER, openvex.READER)
