"""Make the project's environment: a virtual environment with the locked dependencies.

Safe to repeat: nothing is done when the lock and the project's metadata are those of last time.
Needs Python 3.11 with venv, and says in one line what is missing.
"""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv"
LOCK = ROOT / "requirements" / "dev.txt"
STAMP = ENVIRONMENT / "gatebook-installed"


def missing() -> str | None:
    """Say what this machine lacks."""
    if sys.version_info < (3, 11):
        return f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}"
    if shutil.which("git") is None:
        return "git is missing: apt-get install git"
    has_pip = importlib.util.find_spec("ensurepip") or importlib.util.find_spec("pip")
    if importlib.util.find_spec("venv") is None or not has_pip:
        return "Python's venv is missing: apt-get install python3-venv"
    return None


def run(*command: str) -> None:
    """Run quietly; show the output and stop when it fails."""
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        sys.stderr.write(done.stdout.decode(errors="replace"))
        sys.exit(f"setup: failed: {' '.join(command[:6])} …")


def main() -> None:
    """Bring the environment up to date."""
    lack = missing()
    if lack is not None:
        sys.exit(f"setup: {lack}")
    state = hashlib.sha256(
        b"\0".join(
            (LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), sys.version.encode())
        )
    ).hexdigest()
    if STAMP.exists() and STAMP.read_text() == state:
        return
    sys.stderr.write("setup: installing the locked dependencies into .venv (about a minute)\n")
    python = str(ENVIRONMENT / "bin" / "python")
    if importlib.util.find_spec("ensurepip"):
        run(sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT))
        pip = [python, "-m", "pip"]
    else:
        run(sys.executable, "-m", "venv", "--clear", "--without-pip", str(ENVIRONMENT))
        pip = [sys.executable, "-m", "pip", "--python", python]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    run(*pip, "install", *quiet, "--require-hashes", "-r", str(LOCK))
    run(*pip, "install", *quiet, "--no-deps", "--no-build-isolation", "-e", ".")
    STAMP.write_text(state)


if __name__ == "__main__":
    main()
