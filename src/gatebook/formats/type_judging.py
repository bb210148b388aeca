"""Judge a document by the definition of its custom evidence type.

Whoever runs programs is given; this module says which are asked, and what their values mean. The
order is fixed: the document must be JSON, then the schema must hold, then every rule is asked. A
document that cannot be judged is recorded as such; it never complies.
"""

from typing import Final

from gatebook import canonical
from gatebook.canonical import Json
from gatebook.digest import sha256
from gatebook.errors import MalformedError
from gatebook.formats.evidence_type import Rule, TypeDefinition
from gatebook.formats.type_evaluation import (
    EvidenceTypeError,
    RuleOutcome,
    RuleResult,
    SchemaError,
    TypeEvaluation,
)
from gatebook.programs.jq_lint import JqPath, assumed_paths
from gatebook.programs.program import (
    DEFAULT_LIMITS,
    Engine,
    Evaluated,
    EvaluationError,
    Evaluator,
    Limits,
)
from gatebook.values import record

__all__ = ["check_definition", "evaluate_document"]

_MAX_DOCUMENT: Final = 64 * 1024 * 1024
_MAX_WRITTEN: Final = 500


def check_definition(
    definition: TypeDefinition, evaluator: Evaluator, *, limits: Limits = DEFAULT_LIMITS
) -> tuple[str, ...]:
    """Compile the schema and every rule, and return the engines with their versions, sorted.

    Raises:
        EvidenceTypeError: the schema is none by its metaschema, a reference leaves it, a pattern or
            a rule does not compile.

    """
    engines: set[str] = set()
    schema = definition.schema_program
    named = [] if schema is None else [("the schema", schema)]
    named += [(f"rule {rule.id}", rule.program) for rule in definition.rules]
    for what, program in named:
        try:
            engines.add(evaluator.check(program, limits=limits))
        except EvaluationError as error:
            raise EvidenceTypeError(
                f"evidence type {definition.name}, {what}: {error.message}", hint=error.hint
            ) from None
    return tuple(sorted(engines))


def evaluate_document(
    definition: TypeDefinition,
    document: bytes,
    evaluator: Evaluator,
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> TypeEvaluation:
    """Judge ``document``; whatever is wrong with it is in the evaluation, and nothing is raised.

    Args:
        definition: the version of the type.
        document: the bytes as they were handed in.
        evaluator: who runs the schema and the rules.
        limits: what each of them may use.

    """
    whole = _Whole(definition=definition, document=document)
    try:
        value = canonical.loads(document, what="document", max_bytes=_MAX_DOCUMENT)
    except MalformedError as error:
        return whole.evaluation(failure=error.code, failed=error.message)
    engines: set[str] = set()
    program = definition.schema_program
    if program is not None:
        try:
            found = evaluator.evaluate(program, value, limits=limits)
            wrong = _schema_errors(found)
        except EvaluationError as error:
            return whole.evaluation(failure=error.code, failed=f"the schema: {error.message}")
        engines.add(found.engine)
        if wrong:
            return whole.evaluation(schema_errors=wrong, engines=engines)
    results: list[RuleResult] = []
    for rule in definition.rules:
        result, engine = _judge(rule, value, evaluator, limits)
        results.append(result)
        engines.update(engine)
    return whole.evaluation(rules=tuple(results), engines=engines)


@record
class _Whole:
    definition: TypeDefinition
    document: bytes

    def evaluation(
        self,
        *,
        failure: str | None = None,
        failed: str | None = None,
        schema_errors: tuple[SchemaError, ...] = (),
        rules: tuple[RuleResult, ...] = (),
        engines: set[str] | frozenset[str] = frozenset(),
    ) -> TypeEvaluation:
        holds = (
            failure is None
            and not schema_errors
            and bool(engines)
            and len(rules) == len(self.definition.rules)
            and all(each.outcome is RuleOutcome.PASS for each in rules)
        )
        return TypeEvaluation(
            name=self.definition.name,
            version=self.definition.version,
            definition=str(self.definition.digest),
            document=str(sha256(self.document)),
            failure=failure,
            failed=None if failed is None else _clean(failed),
            schema_errors=schema_errors,
            rules=rules,
            engines=tuple(sorted(engines)),
            compliant=holds,
        )


def _schema_errors(found: Evaluated) -> tuple[SchemaError, ...]:
    """Read the list the schema yielded.

    Raises:
        EvaluationError: ``programs.engine-crash``: it is no such list.

    """
    listed = found.values[0] if len(found.values) == 1 else None
    if not isinstance(listed, list):
        raise EvaluationError("the engine gave no list", code="programs.engine-crash")
    errors: list[SchemaError] = []
    for each in listed:
        if not isinstance(each, dict):
            raise EvaluationError("the engine gave no list", code="programs.engine-crash")
        errors.append(
            SchemaError(
                at=_clean(str(each.get("at", ""))),
                keyword=_clean(str(each.get("keyword", ""))),
                message=_clean(str(each.get("message", ""))),
            )
        )
    return tuple(errors)


def _judge(
    rule: Rule, value: Json, evaluator: Evaluator, limits: Limits
) -> tuple[RuleResult, tuple[str, ...]]:
    """Ask one rule; gives also the engine, if it was reached."""
    engine = rule.program.engine
    try:
        paths = [_keys(pointer) for pointer in rule.requires]
        absent = [pointer for pointer in rule.requires if not _named(value, _keys(pointer))]
        if engine is Engine.JQ:
            assumed = [path for path in assumed_paths(rule.program.text) if path not in paths]
            absent += [_written(path) for path in assumed if not _present(value, path)]
        if absent:
            said = f"{absent[0]} is absent or null"
            return _result(rule, RuleOutcome.FAIL, "formats.rule-field-absent", said), ()
        found = evaluator.evaluate(rule.program, value, limits=limits)
    except EvaluationError as error:
        return _result(rule, RuleOutcome.ERROR, error.code, error.message), ()
    return _weighed(rule, found), (found.engine,)


def _weighed(rule: Rule, found: Evaluated) -> RuleResult:
    values = found.values
    if not values:
        if rule.program.engine is Engine.REGO:
            return _result(rule, RuleOutcome.FAIL, "formats.rule-undefined", "it is undefined")
        return _result(rule, RuleOutcome.ERROR, "formats.rule-no-result", "it yields nothing")
    if len(values) > 1:
        said = f"it yields {len(values)} results, not one"
        return _result(rule, RuleOutcome.ERROR, "formats.rule-several-results", said)
    if not isinstance(values[0], bool):
        said = f"it yields {_kind(values[0])}, neither true nor false"
        return _result(rule, RuleOutcome.ERROR, "formats.rule-not-boolean", said)
    if values[0] is not rule.expect:
        said = f"it is {str(values[0]).lower()}, not {str(rule.expect).lower()}"
        return _result(rule, RuleOutcome.FAIL, "formats.rule-failed", said)
    return RuleResult(id=rule.id, engine=rule.program.engine.value, outcome=RuleOutcome.PASS)


def _result(rule: Rule, outcome: RuleOutcome, code: str, said: str) -> RuleResult:
    """Say what came of a rule: in the words of the definition where it has some."""
    plain = code in {"formats.rule-failed", "formats.rule-undefined"}
    message = said if rule.message is None else rule.message if plain else f"{rule.message}: {said}"
    return RuleResult(
        id=rule.id,
        engine=rule.program.engine.value,
        outcome=outcome,
        code=code,
        message=_clean(message),
        fix=rule.fix,
    )


def _keys(pointer: str) -> JqPath:
    """Split a JSON pointer (RFC 6901 §4)."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))


def _named(value: Json, keys: JqPath) -> bool:
    """Whether a pointer leads to something that is not null."""
    for key in keys:
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, str) and key.isascii() and key.isdigit():
            place = int(key) if len(key) < len(str(_MAX_DOCUMENT)) else len(value)
            value = value[place] if place < len(value) else None
        else:
            return False
    return value is not None


def _present(value: Json, path: JqPath) -> bool:
    """Whether a path of jq leads to something that is not null, in every member it goes through.

    Where the document is of another type than the path expects, jq says so itself.
    """
    pending: list[tuple[Json, int]] = [(value, 0)]
    while pending:
        here, depth = pending.pop()
        if here is None:
            return False
        if depth == len(path):
            continue
        key = path[depth]
        if key is None:
            members = here.values() if isinstance(here, dict) else here
            if isinstance(members, str | int | float):
                continue
            pending.extend((each, depth + 1) for each in members)
        elif isinstance(here, dict) and isinstance(key, str):
            pending.append((here.get(key), depth + 1))
        elif isinstance(here, list) and isinstance(key, int):
            pending.append((here[key] if key < len(here) else None, depth + 1))
    return True


def _written(path: JqPath) -> str:
    steps = (
        "[]" if key is None else f"[{key}]" if isinstance(key, int) else f".{key}" for key in path
    )
    text = "".join(steps)
    return text if text.startswith(".") else f".{text}"


def _kind(value: Json) -> str:
    match value:
        case None:
            return "null"
        case dict():
            return "an object"
        case list():
            return "an array"
        case str():
            return "a string"
        case _:
            return "a number"


def _clean(text: str) -> str:
    """Text that may be written: short, and without halves of characters."""
    whole = text.encode("utf-8", "replace").decode()
    return whole if len(whole) <= _MAX_WRITTEN else f"{whole[:_MAX_WRITTEN]}…"
