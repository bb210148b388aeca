"""Every target by its name."""

from fuzz.target import Target
from fuzz.targets import bundles, certificates, documents, keys, layouts, sigstore, trust_data

__all__ = ["TARGETS"]

TARGETS: dict[str, Target] = {
    target.name: target
    for module in (documents, bundles, certificates, keys, layouts, sigstore, trust_data)
    for target in module.TARGETS
}
