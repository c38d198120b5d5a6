"""A real server for each test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from site_under_test import Site

from geventio import Server


@pytest.fixture
def site() -> Iterator[Callable[..., Site]]:
    """Serve a `Server` for one test: ``site(io)``, or ``site()`` for one with the default options."""
    sites: list[Site] = []

    def start(io: Server | None = None, app: Any = None) -> Site:
        sites.append(Site(io or Server(), app))
        return sites[-1]

    yield start
    for started in sites:
        started.close()


@pytest.fixture(params=["websocket", "polling"])
def transport(request: pytest.FixtureRequest) -> str:
    """Runs a test once for each transport."""
    return str(request.param)
