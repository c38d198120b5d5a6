"""What every test knows: the marker that tells the quick part of the suite from the whole."""

import sys
from pathlib import Path

import pytest

# At the end: the folders here bear the names of packages that the tests need (socketio, engineio).
sys.path.append(str(Path(__file__).parent))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "matrix: needs a serving mode other than serve(), or takes long; "
        "`-m 'not matrix'` is the quick part that runs on every supported Python",
    )
