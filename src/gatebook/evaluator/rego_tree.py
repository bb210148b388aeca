"""Look for what a policy may not use in the engine's own syntax tree.

The text was looked at before (:mod:`gatebook.programs.rego_lint`); this is what the engine really
read of it.
"""

from typing import Any, Final

from gatebook.evaluator.failures import ProgramError
from gatebook.programs.rego_lint import refused_reference

__all__ = ["check_tree"]

_SKIPPED: Final = frozenset({"source", "package"})  # the text, and the module's own name


def check_tree(tree: Any) -> None:
    """Refuse references to what is not deterministic, and calls of computed functions.

    Raises:
        ProgramError: ``programs.refused-builtin``.

    """
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict):
            pending.extend(value for name, value in node.items() if name not in _SKIPPED)
            _look_at(node)


def _look_at(node: dict[str, Any]) -> None:
    call = node.get("Call")
    called = call.get("fcn") if isinstance(call, dict) else None
    if isinstance(called, dict):
        path = _path(called)
        if path is None:
            raise ProgramError(
                "programs.refused-builtin", "the policy calls a function it computes the name of"
            )
        _refuse(path)
    for kind in ("RefDot", "RefBrack"):
        path = _path(node) if kind in node else None
        if path is not None:
            _refuse(path)


def _refuse(path: tuple[str, ...]) -> None:
    reason = refused_reference(path)
    if reason is not None:
        raise ProgramError(
            "programs.refused-builtin", f"the policy uses {'.'.join(path[:2])}, which {reason}"
        )


def _path(node: Any) -> tuple[str, ...] | None:
    """The names of ``a.b["c"]`` from its root; ``None`` where one of them is computed."""
    names: list[str] = []
    while isinstance(node, dict):
        inner: Any
        if isinstance(inner := node.get("RefDot"), dict):
            field = inner.get("field")
            if not isinstance(field, list) or not field:
                return None
            names.append(str(field[-1]))
            node = inner.get("refr")
        elif isinstance(inner := node.get("RefBrack"), dict):
            index = inner.get("index")
            text = index.get("String") if isinstance(index, dict) else None
            if not isinstance(text, dict) or "\\" in str(text.get("value")):
                return None
            names.append(str(text.get("value")))
            node = inner.get("refr")
        elif isinstance(inner := node.get("Var"), dict):
            names.append(str(inner.get("value")))
            return tuple(reversed(names))
        else:
            return None
    return None
