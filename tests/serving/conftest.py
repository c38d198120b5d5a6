"""Fixtures: a server behind the front door, whose log and standard error must stay free of errors."""

import logging
from collections.abc import Iterator

import pytest

from tests.peers.conftest import certificate, pytest_runtest_makereport

from .running import Running, running

__all__ = ["certificate", "pytest_runtest_makereport"]  # for the servers that run as processes


@pytest.fixture
def house(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[Running]:
    with running() as house:
        yield house
    assert_quiet(capfd, caplog)


def assert_quiet(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """Nothing went wrong inside: gevent prints what its callbacks and greenlets raise."""
    assert "Traceback" not in capfd.readouterr().err
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
