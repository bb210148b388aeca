"""Who somebody is, as one identity for every spelling that the trust root links."""

from gatebook.facts.facts import Identity
from gatebook.names import Actor
from gatebook.trust.root.trust_root import TrustRoot
from gatebook.trust.signer import Signer

__all__ = ["identify", "identify_signer"]


def identify(root: TrustRoot, who: Actor | str) -> Identity:
    """Say who an actor or an address is."""
    person = root.person_of(who)
    if person is not None:
        return Identity(f"person:{person}")
    return Identity(str(who) if isinstance(who, Actor) else f"mailto:{who.lower()}")


def identify_signer(signer: Signer) -> Identity:
    """Say who signed; the verifier has looked up the person."""
    return Identity(str(signer.holder) if signer.person is None else f"person:{signer.person}")
