"""The identifiers of the SPDX licence list: how they are written, and which ones are out of use."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

__all__ = ["LATER_VERSIONS", "KnownIds", "id_of_name", "known_ids"]

# The "or any later version" families of the SPDX licence list, oldest first.
LATER_VERSIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "AGPL": ("1.0", "3.0"),
        "GFDL": ("1.1", "1.2", "1.3"),
        "GPL": ("1.0", "2.0", "3.0"),
        "LGPL": ("2.0", "2.1", "3.0"),
    }
)

# Deprecated identifiers that stand for a licence with an exception (SPDX licence list, "deprecated
# licence identifiers").
_WITH_EXCEPTION: Final[Mapping[str, str]] = MappingProxyType(
    {
        "eCos-2.0": "GPL-2.0-or-later WITH eCos-exception-2.0",
        "GPL-2.0-with-autoconf-exception": "GPL-2.0-only WITH Autoconf-exception-2.0",
        "GPL-2.0-with-bison-exception": "GPL-2.0-or-later WITH Bison-exception-2.2",
        "GPL-2.0-with-classpath-exception": "GPL-2.0-only WITH Classpath-exception-2.0",
        "GPL-2.0-with-font-exception": "GPL-2.0-only WITH Font-exception-2.0",
        "GPL-2.0-with-GCC-exception": "GPL-2.0-only WITH GCC-exception-2.0",
        "GPL-3.0-with-autoconf-exception": "GPL-3.0-only WITH Autoconf-exception-3.0",
        "GPL-3.0-with-GCC-exception": "GPL-3.0-only WITH GCC-exception-3.1",
        "wxWindows": "LGPL-2.0-or-later WITH WxWindows-exception-3.1",
    }
)
# Deprecated identifiers of licences that have another name now, or no place on the list.
_DEPRECATED: Final = frozenset(
    {
        *("BSD-2-Clause-FreeBSD", "BSD-2-Clause-NetBSD", "bzip2-1.0.5", "Net-SNMP", "Nunit"),
        *("StandardML-NJ", "Nokia-Qt-exception-1.1"),
    }
)
_OLD_FAMILY: Final = re.compile(r"(?:AGPL|GFDL|GPL|LGPL)-\d\.\d\+?\Z")

# Full names on the SPDX licence list, of the licences most packages have. A name that differs in
# any other way than case is not one of them: nobody's guess decides about a licence.
_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        name.lower(): identifier
        for name, identifier in {
            "Academic Free License v3.0": "AFL-3.0",
            "Apache License 1.1": "Apache-1.1",
            "Apache License 2.0": "Apache-2.0",
            "Artistic License 1.0": "Artistic-1.0",
            "Artistic License 2.0": "Artistic-2.0",
            "Blue Oak Model License 1.0.0": "BlueOak-1.0.0",
            "Boost Software License 1.0": "BSL-1.0",
            "BSD Zero Clause License": "0BSD",
            'BSD 2-Clause "Simplified" License': "BSD-2-Clause",
            'BSD 3-Clause "New" or "Revised" License': "BSD-3-Clause",
            'BSD 4-Clause "Original" or "Old" License': "BSD-4-Clause",
            "Common Development and Distribution License 1.0": "CDDL-1.0",
            "Common Development and Distribution License 1.1": "CDDL-1.1",
            "Common Public License 1.0": "CPL-1.0",
            "Creative Commons Attribution 4.0 International": "CC-BY-4.0",
            "Creative Commons Zero v1.0 Universal": "CC0-1.0",
            "Eclipse Public License 1.0": "EPL-1.0",
            "Eclipse Public License 2.0": "EPL-2.0",
            "European Union Public License 1.2": "EUPL-1.2",
            "GNU Affero General Public License v3.0 only": "AGPL-3.0-only",
            "GNU Affero General Public License v3.0 or later": "AGPL-3.0-or-later",
            "GNU General Public License v2.0 only": "GPL-2.0-only",
            "GNU General Public License v2.0 or later": "GPL-2.0-or-later",
            "GNU General Public License v3.0 only": "GPL-3.0-only",
            "GNU General Public License v3.0 or later": "GPL-3.0-or-later",
            "GNU Lesser General Public License v2.1 only": "LGPL-2.1-only",
            "GNU Lesser General Public License v2.1 or later": "LGPL-2.1-or-later",
            "GNU Lesser General Public License v3.0 only": "LGPL-3.0-only",
            "GNU Lesser General Public License v3.0 or later": "LGPL-3.0-or-later",
            "ISC License": "ISC",
            "MIT License": "MIT",
            "MIT No Attribution": "MIT-0",
            "Mozilla Public License 1.1": "MPL-1.1",
            "Mozilla Public License 2.0": "MPL-2.0",
            "Open LDAP Public License v2.8": "OLDAP-2.8",
            "OpenSSL License": "OpenSSL",
            "PostgreSQL License": "PostgreSQL",
            "Python Software Foundation License 2.0": "PSF-2.0",
            "Server Side Public License, v 1": "SSPL-1.0",
            "SIL Open Font License 1.1": "OFL-1.1",
            "The Unlicense": "Unlicense",
            "Universal Permissive License v1.0": "UPL-1.0",
            "zlib License": "Zlib",
        }.items()
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIds:
    """Identifiers in lower case, each with how it is written now.

    Attributes:
        licences: of licences.
        exceptions: of exceptions, which stand after ``WITH``.
        deprecated: of licences and exceptions that have another identifier now, with it.

    """

    licences: Mapping[str, str]
    exceptions: Mapping[str, str]
    deprecated: Mapping[str, str]


@lru_cache(maxsize=1)
def known_ids() -> KnownIds:
    """Read the list once.

    Names that the library's list has besides the identifiers are left out: a ``LicenseRef-…`` of a
    document is what that document says it is.
    """
    from license_expression import get_spdx_licensing  # type: ignore[import-untyped]  # noqa: PLC0415  # 15 ms

    licences: dict[str, str] = {}
    exceptions: dict[str, str] = {}
    deprecated = {old.lower(): new for old, new in _WITH_EXCEPTION.items()}
    for symbol in get_spdx_licensing().known_symbols.values():
        known = exceptions if symbol.is_exception else licences
        listed = not symbol.key.startswith("LicenseRef-")
        if listed:
            known[symbol.key.lower()] = symbol.key
        for alias in symbol.aliases:
            if alias in _DEPRECATED or (listed and _OLD_FAMILY.match(alias)):
                known.setdefault(alias.lower(), alias)
                # Some were taken off the list and have no other identifier there.
                deprecated[alias.lower()] = symbol.key if listed else alias
    for old in _WITH_EXCEPTION:
        licences.setdefault(old.lower(), old)
    return KnownIds(licences=licences, exceptions=exceptions, deprecated=deprecated)


def id_of_name(name: str) -> str | None:
    """The identifier of a licence that is called by exactly its full name on the list."""
    return _NAMES.get(name.strip().lower())
