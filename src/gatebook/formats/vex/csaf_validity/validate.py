"""Whether a CSAF 2.0 document is valid: every test run, every violation named."""

from collections.abc import Iterator
from typing import Final

import msgspec

from gatebook.canonical import JsonObject
from gatebook.formats.vex.csaf_validity.cardinality import check_cardinality
from gatebook.formats.vex.csaf_validity.head import check_head
from gatebook.formats.vex.csaf_validity.profiles import check_profile
from gatebook.formats.vex.csaf_validity.scores import check_scores
from gatebook.formats.vex.csaf_validity.tracking import check_tracking
from gatebook.formats.vex.csaf_validity.tree import check_tree
from gatebook.formats.vex.csaf_validity.violation import Violation
from gatebook.formats.vex.csaf_validity.vulnerabilities import check_vulnerabilities
from gatebook.formats.vex.csaf_validity.wire import Csaf
from gatebook.formats.vex.statement import VexError

__all__ = ["check_csaf", "violations"]

_SHOWN: Final = 5
_TESTS: Final = (
    check_tree,
    check_tracking,
    check_head,
    check_vulnerabilities,
    check_scores,
    check_profile,
)


def violations(root: JsonObject) -> Iterator[Violation]:
    """Find where a document breaks the schema or a mandatory test of CSAF 2.0.

    The tests are not run on a document that breaks the schema, of which the first place is named.
    """
    try:
        csaf = msgspec.convert(root, Csaf)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `")
        yield Violation(test="schema", pointer=place.rstrip("`") or "$", message=message)
        return
    except RecursionError:
        yield Violation(test="schema", pointer="/product_tree", message="branches nested too deep")
        return
    breaks = list(check_cardinality(root))
    yield from breaks
    if not breaks:
        for test in _TESTS:
            yield from test(csaf)


def check_csaf(root: JsonObject) -> None:
    """Refuse an invalid document.

    Raises:
        VexError: ``formats.csaf-schema`` or ``formats.csaf-test``, naming the first places.

    """
    found: list[Violation] = []
    count = 0
    for each in violations(root):
        count += 1
        if len(found) < _SHOWN:
            found.append(each)
    if found:
        more = f" and {count - _SHOWN} more" if count > _SHOWN else ""
        schema = found[0].test == "schema"
        raise VexError(
            "; ".join(str(each) for each in found) + more,
            code="formats.csaf-schema" if schema else "formats.csaf-test",
        )
