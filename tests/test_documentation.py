"""What the documentation shows runs: its Python blocks, one after the other, as a reader would try them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> list[str]:
    return BLOCK.findall((ROOT / page).read_text("utf-8"))


def test_the_guide_runs() -> None:
    source = "\n".join(blocks("docs/guide.md"))
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", source], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "no answer from []" in result.stdout


def test_the_readme_shows_the_quickstart_as_it_is() -> None:
    assert (ROOT / "examples/quickstart.py").read_text("utf-8") in blocks("README.md")


@pytest.mark.parametrize("page", ["README.md", "CHANGES.md", "docs/guide.md"])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert ((ROOT / page).parent / target).exists(), target
