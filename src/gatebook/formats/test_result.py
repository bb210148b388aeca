"""The in-toto test-result predicate v0.1: what a signer says about a test run.

Source: in-toto attestation framework, spec/predicates/test-result.md.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from gatebook.canonical import Json, JsonObject
from gatebook.digest import DigestSet
from gatebook.errors import MalformedError
from gatebook.formats.fields import Fields
from gatebook.formats.intoto import Statement, read_digests

__all__ = [
    "TEST_RESULT_V0_1",
    "TestConfiguration",
    "TestOutcome",
    "TestResult",
    "TestResultError",
]

TEST_RESULT_V0_1: Final = "https://in-toto.io/attestation/test-result/v0.1"


class TestResultError(MalformedError):
    """A predicate is not the test result it claims to be."""

    __test__: ClassVar[bool] = False
    code = "formats.test-result"


class TestOutcome(StrEnum):
    """The result of the whole run; the words of the specification."""

    __test__ = False

    PASSED = "PASSED"
    WARNED = "WARNED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestConfiguration:
    """A document that configured the run.

    Attributes:
        name: what the producer called it.
        uri: where it is found.
        digests: what it was.

    """

    __test__: ClassVar[bool] = False

    name: str | None = None
    uri: str | None = None
    digests: DigestSet


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """What became of a test run, as its signer says.

    Attributes:
        result: the result of the whole run.
        configuration: what configured it; at least one document.
        url: where the run can be seen.
        passed_tests: names of tests that passed.
        warned_tests: names of tests that passed with a warning.
        failed_tests: names of tests that failed.

    """

    __test__: ClassVar[bool] = False

    result: TestOutcome
    configuration: tuple[TestConfiguration, ...]
    url: str | None = None
    passed_tests: tuple[str, ...] = ()
    warned_tests: tuple[str, ...] = ()
    failed_tests: tuple[str, ...] = ()

    @classmethod
    def from_statement(cls, statement: Statement) -> "TestResult":
        """Read the predicate of a test-result statement.

        Raises:
            MalformedError: another predicate type; a required field is missing or mistyped; or
                ``PASSED`` with failed tests, which says two things at once.

        """
        if statement.predicate_type != TEST_RESULT_V0_1:
            raise TestResultError(
                f"{statement.predicate_type[:80]!r} is not the test-result predicate v0.1"
            )
        fields = Fields(statement.predicate, "test result", TestResultError.code)
        text = fields.text("result")
        try:
            result = TestOutcome(text)
        except ValueError:
            raise fields.refuse(
                f"'result' is {text[:40]!r}; expected PASSED, WARNED or FAILED"
            ) from None
        configuration = tuple(
            TestConfiguration(
                name=item.optional_text("name"),
                uri=item.optional_text("uri"),
                digests=read_digests(item),
            )
            for item in fields.objects("configuration")
        )
        if not configuration:
            raise fields.refuse("'configuration' is required and must not be empty")
        failed = _names(fields, "failedTests")
        if result is TestOutcome.PASSED and failed:
            raise fields.refuse(f"'result' is PASSED, yet {len(failed)} tests failed")
        return cls(
            result=result,
            configuration=configuration,
            url=fields.optional_text("url"),
            passed_tests=_names(fields, "passedTests"),
            warned_tests=_names(fields, "warnedTests"),
            failed_tests=failed,
        )

    def to_predicate(self) -> JsonObject:
        """Write the predicate."""
        configuration: list[Json] = []
        for item in self.configuration:
            entry: JsonObject = {"digest": dict(item.digests.values)}
            if item.name is not None:
                entry["name"] = item.name
            if item.uri is not None:
                entry["uri"] = item.uri
            configuration.append(entry)
        predicate: JsonObject = {"result": str(self.result), "configuration": configuration}
        if self.url is not None:
            predicate["url"] = self.url
        predicate["passedTests"] = list(self.passed_tests)
        predicate["warnedTests"] = list(self.warned_tests)
        predicate["failedTests"] = list(self.failed_tests)
        return predicate


def _names(fields: Fields, name: str) -> tuple[str, ...]:
    values = fields.array(name)
    names = tuple(value for value in values if isinstance(value, str))
    if len(names) != len(values):
        raise fields.refuse(f"{name!r} must list strings")
    return names
