"""Runs the quick part of the suite on other supported Pythons that the machine has: the oldest and the newest, or, with
``--all``, every one.

They are looked for as ``python3.N`` in PATH and below ``~/.pyenv/versions``. Each has its own environment,
``.venv-3.N``, made again when what it is made from has changed.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUPPORTED = [(3, minor) for minor in range(10, 15)]
MADE_FROM = ["requirements.txt", "pyproject.toml", "setup.py"]
LEFT_OUT = ["browser", "peers"]
"""What says more of other programs than of the Python under us; the suite has it."""
QUICK = ["-m", "pytest", "-q", "-m", "not matrix", "-p", "no:cacheprovider", "tests"]
QUICK += [f"--ignore=tests/{name}" for name in LEFT_OUT]


def find(name: str, version: tuple[int, int]) -> Path | None:
    """An interpreter of this version that starts; the shims of version managers may not."""
    found = shutil.which(name)
    candidates = [Path(found)] if found else []
    candidates += sorted(Path.home().glob(f".pyenv/versions/{version[0]}.{version[1]}.*/bin/{name}"))
    probe = f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != {version})"
    for candidate in candidates:
        if subprocess.run([candidate, "-c", probe], check=False, capture_output=True).returncode == 0:
            return candidate
    return None


def environment(interpreter: Path, name: str) -> Path:
    """The Python of a virtual environment with everything that the tests need."""
    folder = ROOT / f".venv-{name.removeprefix('python')}"
    made_from = hashlib.sha256(b"".join((ROOT / file).read_bytes() for file in MADE_FROM)).hexdigest()
    stamp = folder / ".made_from"
    python = folder / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != made_from:
        print(f"{name}: installing what the tests need", flush=True)
        subprocess.run([interpreter, "-m", "venv", "--clear", folder], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "--requirement", "requirements.txt"], check=True, cwd=ROOT)
        stamp.write_text(made_from)
    return python


def main() -> int:
    found: dict[str, Path] = {}
    for version in SUPPORTED:
        name = f"python{version[0]}.{version[1]}"
        if version == sys.version_info[:2]:
            print(f"{name}: runs the whole suite", flush=True)
        elif (interpreter := find(name, version)) is None:
            print(f"{name}: not found, left out", flush=True)
        else:
            found[name] = interpreter
    if "--all" not in sys.argv:
        found = {name: found[name] for name in [*found][:1] + [*found][1:][-1:]}
    failed = []
    for name, interpreter in found.items():
        python = environment(interpreter, name)
        print(f"{name}: the quick part of the suite", flush=True)
        if subprocess.run([python, *QUICK], check=False, cwd=ROOT).returncode != 0:
            failed.append(name)
    if failed:
        print(f"failed on {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
