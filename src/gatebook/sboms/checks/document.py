"""The document: its bytes, what it is about, its form, who made it and when (S01 to S07)."""

from typing import Final

from gatebook.formats.sbom.components import SbomFormat, Tool
from gatebook.sboms.context import GeneratorRule
from gatebook.sboms.examination import (
    Answer,
    Check,
    Examination,
    failed,
    not_evaluable,
    passed,
)
from gatebook.sboms.inventory import described, refs_of

__all__ = ["CHECKS"]

_SHOWN: Final = 5


def _bytes(examination: Examination) -> Answer:
    context = examination.context
    if context.document is None or context.attested_document is None:
        missing = "of the document" if context.document is None else "of the attested document"
        return not_evaluable(f"the digest {missing} is not given")
    if context.document.algorithm != context.attested_document.algorithm:
        return not_evaluable("the two digests are of different algorithms")
    if context.document != context.attested_document:
        return failed(f"{context.document.short} is not {context.attested_document.short}")
    return passed(str(context.document))


def _binding(examination: Examination) -> Answer:
    context = examination.context
    artifact = context.artifact
    if artifact is None:
        return not_evaluable("the digest of the artifact is not given")
    named = examination.sbom.subject_digests
    for source, digests in (("attestation", context.attested_subjects), ("SBOM", named)):
        same = [each for each in digests if each.algorithm == artifact.algorithm]
        if same and artifact not in same:
            return failed(f"the {source} is about {same[0].short}, another artifact")
    if artifact in named:
        return passed(f"the SBOM names {artifact.short} as its subject")
    if artifact in context.attested_subjects:
        return passed(f"the attestation with the SBOM is about {artifact.short}")
    return failed("neither the SBOM nor an attestation says which artifact it is about")


def _form(examination: Examination) -> Answer:
    sbom, context = examination.sbom, examination.context
    problems = [*sbom.defects, *(context.schema_problems or ())]
    counted: dict[str, int] = {}
    for component in described(sbom):
        if component.ref:
            counted[component.ref] = counted.get(component.ref, 0) + 1
    problems += [f"the ref {ref!r} comes {n} times" for ref, n in counted.items() if n > 1]
    # Where components have no refs at all nothing can be resolved.
    if counted and sbom.format is not SbomFormat.GITHUB_SNAPSHOT:
        problems += _dangling(examination)
    cycle = _cycle({ref: tuple(inner) for ref, inner in sbom.contains.items()})
    if cycle is not None:
        problems.append(f"{cycle!r} contains itself")
    if problems:
        more = f" and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        return failed("; ".join(problems[:_SHOWN]) + more)
    if context.schema_problems is None:
        return not_evaluable("nothing wrong was seen, but it was not validated by its schema")
    return passed(f"valid {sbom.format.value} {sbom.spec_version}".rstrip())


def _dangling(examination: Examination) -> list[str]:
    """Refs of the dependency graph that are neither a component nor a service."""
    sbom = examination.sbom
    if sbom.format is not SbomFormat.CYCLONEDX:
        return []
    known = refs_of(sbom)
    refs = dict.fromkeys(ref for ends in sbom.edges.items() for ref in (ends[0], *ends[1]))
    return [f"the ref {ref!r} is no component" for ref in refs if ref not in known]


def _cycle(links: dict[str, tuple[str, ...]]) -> str | None:
    """Find a ref that leads back to itself; iterative, as chains may be long."""
    state: dict[str, bool] = {}  # True while it is being looked at
    for start in links:
        if start in state:
            continue
        waiting = [(start, iter(links.get(start, ())))]
        state[start] = True
        while waiting:
            ref, inner = waiting[-1]
            following = next(inner, None)
            if following is None:
                state[ref] = False
                waiting.pop()
            elif state.get(following):
                return following
            elif following not in state:
                state[following] = True
                waiting.append((following, iter(links.get(following, ()))))
    return None


def _generator(examination: Examination) -> Answer:
    tools, rules = examination.sbom.generators, examination.context.generators
    if not tools:
        return failed("it does not say which tool made it")
    shown = ", ".join(map(str, tools[:_SHOWN]))
    versioned = [each for each in tools if each.version]
    if not versioned:
        return failed(f"no version is given of {shown}")
    if rules is None:
        return passed(shown)
    found = [_meets(examination, tool, rule) for tool in versioned for rule in rules]
    if True in found:
        return passed(f"{shown}, on the list")
    if None in found:
        return not_evaluable(f"the versions of {shown} have no order")
    return failed(f"{shown} is not on the list, or too old")


def _meets(examination: Examination, tool: Tool, rule: GeneratorRule) -> bool | None:
    """Whether a tool is the one of a rule, and new enough; ``None`` when nobody can order it."""
    if rule.name.lower() != tool.name.lower():
        return False
    if rule.minimum is None:
        return True
    # Tools number their releases as semantic versioning does; so do the packages of cargo.
    version = (tool.version or "").removeprefix("v")
    sign = examination.context.order("cargo", version, rule.minimum.removeprefix("v"))
    return None if sign is None else sign >= 0


def _created(examination: Examination) -> Answer:
    context, created = examination.context, examination.sbom.created
    if created is None:
        return failed("it does not say when it was made")
    given = (context.now, context.source_committed, context.build_finished)
    if given == (None, None, None):
        return not_evaluable(f"made at {created}; no other time is given to compare with")
    skew = context.skew
    if context.now is not None and created > context.now + skew:
        return failed(f"{created} is in the future")
    if context.source_committed is not None and created + skew < context.source_committed:
        return failed(f"{created} is before the source of {context.source_committed}")
    if context.build_finished is not None and created > context.build_finished + skew:
        return failed(f"{created} is after the build that ended at {context.build_finished}")
    return passed(str(created))


def _lifecycle(examination: Examination) -> Answer:
    sbom, allowed = examination.sbom, examination.context.lifecycles
    if not sbom.lifecycles:
        if sbom.format is SbomFormat.CYCLONEDX or sbom.spec_version.startswith("3"):
            return failed("it does not say in which phase it was made")
        return not_evaluable(f"{sbom.format.value} {sbom.spec_version} has no place for it")
    phases = ", ".join(sbom.lifecycles)
    if allowed.isdisjoint(sbom.lifecycles):
        return failed(f"made in the phase {phases}")
    return passed(phases)


CHECKS: Final = (
    Check(
        id="S01",
        name="document-digest",
        purpose="The SBOM is the one that was attested, byte for byte.",
        expected="the digest of the attested or recorded document",
        fix="take the SBOM out of the attestation, or attest this one",
        judge=_bytes,
    ),
    Check(
        id="S02",
        name="subject-binding",
        purpose="The SBOM is about this artifact.",
        expected="the artifact's digest as the subject of the SBOM or of its attestation",
        fix="make the SBOM from the built artifact, and attest it for the artifact's digest",
        judge=_binding,
    ),
    Check(
        id="S04",
        name="well-formed",
        purpose="The document keeps the rules of its format.",
        expected="valid by its schema, each ref once, every ref resolved, nothing inside itself",
        fix="correct it in the tool that makes it; `gatebook inspect` lists every problem",
        judge=_form,
    ),
    Check(
        id="S05",
        name="generator",
        purpose="It is known which tool in which version made it, and it may.",
        expected="the name and version of a tool, on the list where one is given",
        fix="make it with a tool that is on the list and writes its name and version",
        judge=_generator,
    ),
    Check(
        id="S06",
        name="created",
        purpose="It was made with the artifact, not before its source and not after its build.",
        expected="a time between the commit and the end of the build, not in the future",
        fix="make it in the build of the artifact, and let the tool write the time",
        judge=_created,
    ),
    Check(
        id="S07",
        name="lifecycle",
        purpose="It was made in a phase in which what is shipped is known.",
        expected="an allowed phase, such as build",
        fix="make it in the build, and let the tool write metadata.lifecycles or sbomType",
        judge=_lifecycle,
    ),
)
