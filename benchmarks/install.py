"""What the benchmark needs beside the standard library, put into `benchmarks/build/` on first use.

A virtual environment with the Python servers (geventio from this tree, editable), a directory with the Node.js server's
package, and the two C programs. A stamp holds what each was made from, so that a change makes it again.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE / "build"
SERVERS = HERE / "servers"
LOAD = BUILD / "load"
LIMIT = BUILD / "limit"
PYTHON = BUILD / "venv" / "bin" / "python"
NODE_MODULES = BUILD / "node" / "node_modules"


class InstallError(Exception):
    """A part could not be made; the message says which, and what to do."""


def compiled(target: Path, sources: Sequence[Path]) -> None:
    """Compile `sources` to `target`."""
    if _is_current(target.name, sources):
        return
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        raise InstallError("no C compiler found: install gcc, or set CC")
    program = [source for source in sources if source.suffix == ".c"]
    _run(target.name, [compiler, "-std=gnu11", "-O2", "-Wall", "-o", target, *program])
    _stamp(target.name, sources)


def load_generator() -> Path:
    """Return the path of the load generator, compiled."""
    compiled(LOAD, sorted((HERE / "load").glob("*.[ch]")))
    return LOAD


def limit_server() -> None:
    """Compile the server that shows what the kernel alone costs."""
    compiled(LIMIT, [SERVERS / "limit.c"])


def python_servers() -> None:
    """Make the virtual environment of the Python servers."""
    requirements = SERVERS / "requirements.txt"
    made_from = [requirements, HERE.parent / "pyproject.toml"]
    if _is_current("venv", made_from, sys.version) and PYTHON.exists():
        return
    shutil.rmtree(BUILD / "venv", ignore_errors=True)
    _run("venv", [sys.executable, "-m", "venv", BUILD / "venv"])
    _run(
        "packages",
        [PYTHON, "-m", "pip", "install", "--quiet", "--requirement", requirements, "--editable", HERE.parent],
    )
    _stamp("venv", made_from, sys.version)


def node_server() -> None:
    """Install the Node.js server's package."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise InstallError("node and npm are not installed")
    package = SERVERS / "node" / "package.json"
    if _is_current("node", [package]) and NODE_MODULES.exists():
        return
    directory = NODE_MODULES.parent
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for name in ("package.json", ".npmrc"):
        shutil.copy(SERVERS / "node" / name, directory)
    _run("node", ["npm", "install", "--no-audit", "--no-fund"], cwd=directory)
    _stamp("node", [package])


def _run(part: str, command: Sequence[str | Path], cwd: Path | None = None) -> None:
    print(f"setting up {part} ...", file=sys.stderr, flush=True)
    BUILD.mkdir(exist_ok=True)
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise InstallError(f"setting up {part} failed:\n{done.stdout[-2000:]}")


def _digest(files: Iterable[Path], extra: str) -> str:
    digest = hashlib.sha256(extra.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _stamp(part: str, files: Iterable[Path], extra: str = "") -> None:
    (BUILD / f"{part}.stamp").write_text(_digest(files, extra))


def _is_current(part: str, files: Iterable[Path], extra: str = "") -> bool:
    stamp = BUILD / f"{part}.stamp"
    return stamp.exists() and stamp.read_text() == _digest(files, extra)
