"""Builds the wheel, installs it alone (core dependencies, no extras) in a clean environment, and serves with it."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ["geventio", "pyproject.toml", "setup.py", "README.md", "LICENSE"]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = folder / "sources"
        sources.mkdir()
        for source in SOURCES:  # a copy, so that nothing that an earlier build left gets into the wheel
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, sources / source, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, sources / source)
        pip = ["-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([sys.executable, *pip, "wheel", "--no-deps", "--wheel-dir", folder, sources], check=True)
        (wheel,) = folder.glob("geventio-*.whl")
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        python = folder / "venv" / "bin" / "python"
        subprocess.run([python, *pip, "install", wheel], check=True)
        program = shutil.copy(Path(__file__).parent / "clean_environment.py", folder)
        subprocess.run([python, program], check=True, cwd=folder, timeout=60)
        print(f"{wheel.name}: works in a clean environment")


if __name__ == "__main__":
    main()
