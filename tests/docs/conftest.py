"""The pages of the documentation, and the tools that write and run them."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_tool(name: str) -> ModuleType:
    """Import a script of ``tools``, which is no package."""
    spec = importlib.util.spec_from_file_location(f"tools_{name}", ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def every_page() -> Iterator[Path]:
    """Every page that readers see."""
    yield from sorted(ROOT.glob("*.md"))
    yield from sorted((ROOT / "docs").rglob("*.md"))
    yield from sorted((ROOT / "changelog.d").glob("*.md"))


@pytest.fixture(scope="session")
def pages() -> dict[str, str]:
    """Text of every page by its path in the repository."""
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in every_page()}


@pytest.fixture(scope="session")
def reference() -> ModuleType:
    """What writes the generated parts of pages."""
    return load_tool("reference")


@pytest.fixture(scope="session")
def transcript() -> ModuleType:
    """What runs the sessions in pages."""
    return load_tool("transcript")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test that asks for a session one page that has one."""
    if "session_page" in metafunc.fixturenames:
        does_something = load_tool("transcript").does_something
        paths = [path for path in every_page() if does_something(path.read_text("utf-8"))]
        names = [str(path.relative_to(ROOT)) for path in paths]
        metafunc.parametrize("session_page", paths, ids=names)
