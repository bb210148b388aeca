"""International resource identifiers (RFC 3987 §2.2), checked in one pass.

Schema validators hand them to a general parser that takes ten milliseconds for each; an SBOM has
hundreds of thousands.
"""

import re
from typing import Final

__all__ = ["is_iri", "is_iri_reference"]

# iunreserved, pct-encoded and sub-delims; ucschar without the non-characters that end each plane.
_UCS: Final = "\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef" + "".join(
    f"{chr(plane << 16)}-{chr((plane << 16) + 0xFFFD)}" for plane in range(1, 0xF)
)
_COMMON: Final = rf"A-Za-z0-9\-._~!$&'()*+,;={_UCS}"
_PRIVATE: Final = f"\ue000-\uf8ff{chr(0xF0000)}-{chr(0xFFFFD)}{chr(0x100000)}-{chr(0x10FFFD)}"
_ENCODED: Final = "%[0-9A-Fa-f]{2}"
_REFERENCE: Final = re.compile(
    rf"""
    (?: (?P<scheme> [A-Za-z][A-Za-z0-9+.\-]* ) : )?
    (?: //
           (?: (?: [{_COMMON}:] | {_ENCODED} )* @ )?
           (?: \[ [0-9A-Fa-fv:.\-_~!$&'()*+,;=]* \] | (?: [{_COMMON}] | {_ENCODED} )* )
           (?: : [0-9]* )?
           (?= [/?\#] | \Z )
      | (?! // )
    )
    (?P<path> (?: [{_COMMON}:@/] | {_ENCODED} )* )
    (?: \? (?: [{_COMMON}{_PRIVATE}:@/?] | {_ENCODED} )* )?
    (?: \# (?: [{_COMMON}:@/?] | {_ENCODED} )* )?
    \Z
    """,
    re.VERBOSE,
)


def is_iri_reference(text: str) -> bool:
    """Whether a text is an IRI or a relative reference."""
    match = _REFERENCE.match(text)
    if match is None:
        return False
    # ipath-noscheme: the first segment of a relative reference has no colon.
    return match["scheme"] is not None or ":" not in match["path"].partition("/")[0]


def is_iri(text: str) -> bool:
    """Whether a text is an IRI with a scheme."""
    match = _REFERENCE.match(text)
    return match is not None and match["scheme"] is not None
