"""The exploitability statements about one artifact, ready to be asked about each finding."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gatebook.clock import Instant
from gatebook.facts.facts import EvidenceFact, Facts, SignerFact
from gatebook.formats.sbom.components import Component, Sbom
from gatebook.formats.vex.cyclonedx_vex import bom_link
from gatebook.formats.vex.statement import VexDocument
from gatebook.policy.remembered import Remembered
from gatebook.policy.vulnerabilities.purls import parsed_purl
from gatebook.policy.vulnerabilities.rules import SignerRule, StatementRules
from gatebook.policy.vulnerabilities.weighed import Merged
from gatebook.vulnerabilities.vex.apply import apply_statements
from gatebook.vulnerabilities.vex.documents import SignedDocument, trusted_statements
from gatebook.vulnerabilities.vex.index import StatementIndex
from gatebook.vulnerabilities.vex.records import (
    AuthorRule,
    ComponentIdentity,
    ProductIdentity,
    VexFinding,
    VexRules,
    VexVerdict,
)

__all__ = ["Statements"]

_INDEXES: Final = Remembered[dict[tuple[tuple[str, str], ...], StatementIndex]](16)
_COMPONENTS: Final = Remembered[Mapping[str, tuple[Component, tuple[str, ...]]]](16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """What is said about the vulnerabilities of an artifact.

    Attributes:
        index: every statement of the signed documents about it.
        rules: whose count, and what they have to be like.
        product: what the artifact goes by.
        components: the components of its SBOMs and their BOM links, by package URL.
        now: the one reading of the clock.

    """

    index: StatementIndex | None
    rules: VexRules
    product: ProductIdentity
    components: Mapping[str, tuple[Component, tuple[str, ...]]]
    now: Instant

    @classmethod
    def about(cls, facts: Facts, sboms: Sequence[Sbom], rules: StatementRules) -> "Statements":
        """Take the statements of everything that was signed about the artifact.

        Args:
            facts: everything known.
            sboms: those that are bound to the artifact.
            rules: whose statements count.

        """
        documents: list[tuple[EvidenceFact, SignerFact, VexDocument]] = [
            (fact, signer, said)
            for fact in sorted(facts.evidence, key=lambda each: each.entry.index)
            if fact.signed and fact.problem is None
            for said in (fact.content, *fact.further)
            if isinstance(said, VexDocument)
            for signer in fact.signers
        ]
        authors = {
            AuthorRule(
                signer=str(signer.holder), scope=rule.scope, speaks_for=rule.speaks_for
            ): None
            for _, signer, _ in documents
            for rule in rules.signers
            if _speaks(signer, rule)
        }
        return cls(
            index=_index(documents) if documents else None,
            rules=VexRules(
                authors=tuple(authors),
                max_age=rules.max_age,
                needs_version=rules.needs_version,
            ),
            product=_product(facts, sboms),
            components=_COMPONENTS.of(tuple(sboms), lambda: _components(sboms))
            if documents
            else {},
            now=facts.now,
        )

    def ask(self, merged: Merged, identifier: str, aliases: tuple[str, ...]) -> VexVerdict:
        """What the statements make of a vulnerability in a component."""
        if self.index is None:
            return VexVerdict()
        finding = VexFinding(
            vulnerability=identifier, aliases=aliases, component=self._component(merged)
        )
        return apply_statements(
            finding, self.index, product=self.product, now=self.now, rules=self.rules
        )

    def _component(self, merged: Merged) -> ComponentIdentity:
        purl = parsed_purl(merged.purl)
        known = None if merged.purl is None else self.components.get(merged.purl)
        if known is None:
            return ComponentIdentity(purl=purl, version=merged.version)
        component, links = known
        return ComponentIdentity(
            purl=purl,
            version=merged.version,
            hashes=component.hashes,
            cpes=component.cpes,
            bom_links=links,
        )


def _speaks(signer: SignerFact, rule: SignerRule) -> bool:
    return any(pattern.matches(str(signer.holder)) for pattern in rule.authors)


def _index(documents: Sequence[tuple[EvidenceFact, SignerFact, VexDocument]]) -> StatementIndex:
    """Index statements, or recall the index of these very documents by these signers."""
    contents = tuple(content for _, _, content in documents)
    signed = tuple((str(fact.document), str(signer.holder)) for fact, signer, _ in documents)
    by_signers = _INDEXES.of(contents, dict)
    if signed not in by_signers:
        by_signers[signed] = StatementIndex(
            trusted_statements(
                SignedDocument(document=content, digest=fact.document, signer=str(signer.holder))
                for fact, signer, content in documents
            )
        )
    return by_signers[signed]


def _product(facts: Facts, sboms: Sequence[Sbom]) -> ProductIdentity:
    subjects = [sbom.subject for sbom in sboms if sbom.subject is not None]
    # A platform names itself in CPE: Red Hat's statements are about RHEL, with the package as part.
    platforms = [
        component
        for sbom in sboms
        for component in sbom.components
        if component.type == "operating-system"
    ]
    purls = (parsed_purl(each.purl) for each in subjects)
    return ProductIdentity(
        digests=(facts.subject,),
        purls=tuple(dict.fromkeys(purl for purl in purls if purl is not None)),
        cpes=tuple(dict.fromkeys(cpe for each in (*subjects, *platforms) for cpe in each.cpes)),
        names=tuple(
            dict.fromkeys(
                (each.name, each.version) for each in subjects if each.name and each.version
            )
        ),
        bom_links=tuple(
            dict.fromkeys(
                link
                for sbom in sboms
                if sbom.subject is not None
                for link in _link(sbom, sbom.subject)
            )
        ),
    )


def _link(sbom: Sbom, component: Component) -> tuple[str, ...]:
    if not component.ref or sbom.serial is None:
        return ()
    link = bom_link(sbom.serial, sbom.doc_version or 1, component.ref)
    return () if link is None else (link,)


def _components(sboms: Iterable[Sbom]) -> dict[str, tuple[Component, tuple[str, ...]]]:
    found: dict[str, tuple[Component, tuple[str, ...]]] = {}
    for sbom in sboms:
        for component in sbom.components:
            if component.purl:
                first, links = found.get(component.purl, (component, ()))
                found[component.purl] = first, (*links, *_link(sbom, component))
    return found
