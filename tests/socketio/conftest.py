"""A real server for each test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from selected_clients import Group
from site_under_test import Site
from two_servers import Bus

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


@pytest.fixture
def io() -> Server:
    """A server with the default options; a file whose tests want others has a fixture of this name itself."""
    return Server()


@pytest.fixture
def served(site: Callable[..., Site], io: Server) -> Site:
    """That server, served."""
    started: Site = site(io)
    return started


@pytest.fixture(params=["websocket", "polling"])
def transport(request: pytest.FixtureRequest) -> str:
    """Runs a test once for each transport."""
    return str(request.param)


@pytest.fixture(params=["one server", "two servers"])
def group(request: pytest.FixtureRequest, site: Callable[..., Site]) -> Group:
    """Four clients of one server, then of two."""
    if request.param == "one server":
        return Group([site(Server())])
    bus = Bus()
    return Group([site(Server(adapter=bus.adapter)) for _ in range(2)])
