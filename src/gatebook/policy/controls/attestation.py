"""Somebody in particular attested something in particular."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Self

from gatebook.errors import GatebookError
from gatebook.facts.facts import EvidenceFact, Facts, Identity, SignerFact
from gatebook.formats.intoto import PredicateKind
from gatebook.formats.provenance import Provenance
from gatebook.names import Pattern
from gatebook.policy.control import Roles, damaged_finding, describe_problems, listed
from gatebook.policy.outcome import Finding, Status
from gatebook.policy.parameters import Parameters
from gatebook.trust.identities.constraint import IdentityConstraint
from gatebook.trust.root.scope import types_named
from gatebook.trust.sigstore.profile import ProfileName

__all__ = ["AttestationControl"]


@dataclass(frozen=True, slots=True)
class AttestationControl:
    """Enough believed signers attested a type of predicate, each as demanded."""

    name: ClassVar[str] = "attestation"
    purpose: ClassVar[str] = (
        "A predicate was attested by a signer whose identity, proof of time, source and builder "
        "are those demanded."
    )
    satisfied_by: ClassVar[str] = (
        "accepted attestations about the digest, of one of the types, by such signers"
    )
    parameters: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "predicates": "predicate type URIs or kinds such as `provenance`; required",
            "certificate": "constraint on the certificate's identity, written as in trust roots; "
            "a plain key then never fits; any believed signer if absent",
            "profiles": "profiles of which one has to have been proved, such as `public-good`; "
            "any if absent",
            "holders": "patterns over the holder of the key or certificate, `issuer#subject`; any "
            "if absent",
            "sources": "patterns over the repository that was built, `https://host/owner/name`; "
            "any if absent",
            "builders": "patterns over the builder id of provenance, else over the build that "
            "signed; any if absent",
            "count": "how many different signers, each by another member of the trust root; 1 if "
            "absent",
        }
    )

    predicates: frozenset[str]
    certificate: IdentityConstraint | None
    profiles: frozenset[str]
    holders: tuple[Pattern, ...]
    sources: tuple[Pattern, ...]
    builders: tuple[Pattern, ...]
    count: int

    @classmethod
    def read(cls, parameters: Parameters, roles: Roles) -> Self:
        """Take the predicates and what is demanded of who signs them."""
        del roles
        every = [profile.value for profile in ProfileName]
        certificate = parameters.optional_mapping("certificate")
        try:
            constraint = None if certificate is None else IdentityConstraint.read(certificate)
        except GatebookError as error:
            raise parameters.refuse(error.message) from None
        return cls(
            predicates=_predicates(parameters),
            certificate=constraint,
            profiles=parameters.choices("profiles", every, ()),
            holders=parameters.patterns("holders"),
            sources=parameters.patterns("sources"),
            builders=parameters.patterns("builders"),
            count=parameters.count("count", 1),
        )

    def judge(self, facts: Facts, roles: Roles) -> Finding:
        """Count different signers of whom everything demanded holds."""
        del roles
        expected = self._expected()
        found = tuple(fact for fact in facts.evidence if fact.predicate_type in self.predicates)
        fitting: dict[Identity, EvidenceFact] = {}
        members: set[str] = set()
        reasons: list[str] = []
        for fact in found:
            if not fact.signed or fact.problem is not None:
                continue
            for signer in fact.signers:
                differing = tuple(self._differences(fact, signer))
                if not differing:
                    fitting[signer.identity] = fact
                    members.add(signer.trusted_as)
                reasons.extend(f"entry {fact.entry.index}: {text}" for text in differing)
        # One workflow has another name on each branch, and one certificate may fit several members
        # of the trust root: neither makes it two signers.
        different = min(len(fitting), len(members))
        if different >= self.count:
            return Finding(
                status=Status.PASS,
                code="policy.attested",
                expected=expected,
                found=f"attested by {listed(sorted(fitting, key=str))}",
                evidence=tuple(dict.fromkeys(fact.entry.id for fact in fitting.values())),
            )
        damaged = damaged_finding(found, expected)
        if damaged is not None:
            return damaged
        problems = [*reasons, *([described] if (described := describe_problems(found)) else [])]
        have = f"{different} of {self.count} signers fit"
        return Finding(
            status=Status.FAIL if problems else Status.MISSING,
            code="policy.attestation-differs" if problems else "policy.attestation-missing",
            expected=expected,
            found=f"{have}: {listed(problems)}" if problems else have,
            fix="let the signer that is demanded attest this digest, and hand it in with "
            "`gatebook accept`",
            evidence=tuple(fact.entry.id for fact in found),
        )

    def _differences(self, fact: EvidenceFact, signer: SignerFact) -> Iterable[str]:
        if self.certificate is not None:
            if signer.certificate is None:
                yield f"{signer.holder} signed with a plain key"
            else:
                try:
                    self.certificate.check(signer.certificate)
                except GatebookError as mismatch:
                    yield mismatch.message
        if self.profiles and signer.profile not in self.profiles:
            yield f"its signature was judged by the profile {signer.profile or 'of a plain key'}"
        if self.holders:
            yield from _compare("holder", str(signer.holder), self.holders)
        if self.sources:
            yield from _compare("source", _source(fact, signer), self.sources)
        if self.builders:
            yield from _compare("builder", _builder(fact, signer), self.builders)

    def _expected(self) -> str:
        texts = ["one of " + ", ".join(sorted(self.predicates)[:_MOST_TYPES])]
        if self.certificate is not None:
            wanted = self.certificate.as_json().items()
            texts.append("certificate with " + ", ".join(f"{part} {text}" for part, text in wanted))
        if self.profiles:
            texts.append(f"profile {' or '.join(sorted(self.profiles))}")
        for what, patterns in (
            ("holder", self.holders),
            ("source", self.sources),
            ("builder", self.builders),
        ):
            if patterns:
                texts.append(f"{what} {' or '.join(str(pattern) for pattern in patterns)}")
        if self.count > 1:
            texts.append(f"{self.count} different signers")
        return "an attestation: " + "; ".join(texts)


_MOST_TYPES = 3


def _predicates(parameters: Parameters) -> frozenset[str]:
    types: set[str] = set()
    for text in parameters.texts("predicates"):
        named = types_named(text)
        if named is None:
            raise parameters.refuse(
                f"'predicates' names {text[:80]!r}: use a type URI or one of "
                + ", ".join(PredicateKind)
            )
        types |= named
    if not types:
        raise parameters.refuse("'predicates' is required")
    return frozenset(types)


def _source(fact: EvidenceFact, signer: SignerFact) -> str | None:
    if isinstance(fact.content, Provenance) and fact.content.source is not None:
        return str(fact.content.source.repository)
    if signer.certificate is None or signer.certificate.source is None:
        return None
    return signer.certificate.source.uri


def _builder(fact: EvidenceFact, signer: SignerFact) -> str | None:
    if isinstance(fact.content, Provenance):
        return fact.content.builder_id
    if signer.certificate is None or signer.certificate.signer is None:
        return None
    return signer.certificate.signer.uri


def _compare(part: str, found: str | None, allowed: tuple[Pattern, ...]) -> Iterable[str]:
    if found is None:
        yield f"the {part} is not named"
    elif not any(pattern.matches(found) for pattern in allowed):
        yield f"the {part} is {found}"
