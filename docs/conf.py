"""How the documentation is built: ``sphinx-build -n -W -b html docs .build/docs``."""

import ast
from pathlib import Path
from typing import Any

from sphinx.addnodes import pending_xref

import gatebook

ROOT = Path(__file__).resolve().parents[1]

project = "Gatebook"
copyright = "the Gatebook authors"  # noqa: A001  # the name Sphinx wants
release = version = gatebook.__version__
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
source_suffix = {".md": "markdown"}
exclude_patterns: list[str] = []
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# Decision records begin with their number; headings of included files keep their own levels.
suppress_warnings = ["myst.header"]

html_theme = "furo"
html_title = f"Gatebook {release}"
html_show_sphinx = False
html_copy_source = False
# A prompt is not part of a command, and output is not copied.
copybutton_prompt_text = r"\$ |> "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "separated"
napoleon_use_ivar = True
napoleon_use_rtype = False

nitpicky = True
# The standard library has no inventory here: a build asks no network.
nitpick_ignore_regex = [
    (r"py:.*", r"(collections\.abc|pathlib|enum|typing|dataclasses|ast)\..*"),
    (r"py:.*", r"msgspec\..*"),
    (r"py:.*", r"cryptography\..*"),
]


def _classes() -> frozenset[str]:
    """Every class, function and constant of the package, so that a misspelt name is noticed."""
    found: set[str] = set()
    for path in (ROOT / "src" / "gatebook").rglob("*.py"):
        found.add(path.stem)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                found.add(node.name)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found.update(target.id for target in targets if isinstance(target, ast.Name))
    return frozenset(found)


KNOWN = _classes()
INCLUDED = ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "STYLE.md")


def resolve(app: Any, env: Any, node: Any, contnode: Any) -> Any:
    """Lead a reference to where the public name is documented; internal names stay plain text.

    Docstrings name the module something lives in. The documentation has one page of public names,
    ``gatebook.Digest`` for ``gatebook.digest.Digest``; whatever else exists in the package is
    internal and gets no link. What exists nowhere still fails the build.
    """
    if node.get("refdomain") != "py":
        return None
    name = str(node["reftarget"]).rpartition(".")[2]
    if name in gatebook.__all__ and not node.get("resolved"):
        node["resolved"] = True
        domain = env.get_domain("py")
        for kind in ("class", "exc", "func", "data"):
            found = domain.resolve_xref(
                env, node["refdoc"], app.builder, kind, f"gatebook.{name}", node, contnode
            )
            if found is not None:
                return found
    return contnode if name in KNOWN else None


def lead_to_pages(app: Any, doctree: Any) -> None:
    """Lead links between files at the root of the repository to the pages that include them."""
    del app
    for node in doctree.findall(pending_xref):
        name, _, anchor = str(node.get("reftarget")).partition("#")
        if node.get("reftype") == "myst" and name in INCLUDED:
            node["refdomain"] = "doc"
            node["reftarget"] = f"project/{name.removesuffix('.md').lower()}"
            node["reftargetid"] = anchor or None


def keep_sentences(_app: Any, what: str, *rest: Any) -> None:
    """Keep Napoleon from reading the beginning of a property's sentence as its type."""
    lines: list[str] = rest[-1]
    if what in {"property", "attribute"} and lines:
        lines[0] = lines[0].replace(": ", " \N{EM DASH} ", 1)


def setup(app: Any) -> None:
    """Register what is above."""
    app.connect("doctree-read", lead_to_pages)
    app.connect("missing-reference", resolve)
    app.connect("autodoc-process-docstring", keep_sentences, priority=400)
