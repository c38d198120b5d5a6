"""What every test knows: the marker that tells the quick part of the suite from the whole."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "matrix: needs a serving mode other than serve(), or takes long; "
        "`-m 'not matrix'` is the quick part that runs on every supported Python",
    )
