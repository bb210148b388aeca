"""Lock the dependencies by version and hash, into files that name no host.

Needs uv on the PATH. ``requirements/run.txt`` is what the package itself needs,
``requirements/dev.txt`` everything for working on it.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Write both lock files."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = project["project"]["dependencies"]
    groups = [item for group in project["dependency-groups"].values() for item in group]
    build = [*project["build-system"]["requires"], "editables"]
    for name, wanted in (("run", runtime), ("dev", [*runtime, *groups, *build])):
        target = ROOT / "requirements" / f"{name}.txt"
        command = [
            "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11",
            "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url",
            "-", "-o", str(target),
        ]  # fmt: skip
        done = subprocess.run(command, input="\n".join(wanted), text=True, cwd=ROOT, check=False)
        if done.returncode:
            sys.exit("lock: uv could not resolve the dependencies")


if __name__ == "__main__":
    main()
