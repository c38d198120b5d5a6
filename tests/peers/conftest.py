"""Fixtures: a server in each serving mode, with its log checked and shown."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .raw import Endpoint
from .server_process import FULL_MODES, TROUBLE, ServerFailed, ServerProcess


def mode_marks(mode: str) -> list[pytest.MarkDecorator]:
    """Only serve() belongs to the quick part of the suite."""
    return [] if mode == "serve" else [pytest.mark.matrix]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(certfile, keyfile) of a certificate for 127.0.0.1 that signs itself."""
    folder = tmp_path_factory.mktemp("tls")
    certfile, keyfile = folder / "cert.pem", folder / "key.pem"
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    subject = "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -days 2"
    command = f"openssl req -x509 {key} {subject} -keyout {keyfile} -out {certfile}"
    subprocess.run(command.split(), check=True, capture_output=True, timeout=60)
    return certfile, keyfile


@pytest.fixture(scope="session", params=[pytest.param(mode, marks=mode_marks(mode)) for mode in FULL_MODES])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path]
) -> Iterator[ServerProcess]:
    """The reference application (``app.py``), in every serving mode in turn."""
    log_path = tmp_path_factory.mktemp(request.param) / "server.log"
    with ServerProcess(request.param, "app:application", log_path, certificate) as server:
        yield server


@pytest.fixture
def server(running: ServerProcess) -> Iterator[ServerProcess]:
    """`running`, with a log that must be free of errors when the test ends."""
    yield running
    assert_no_trouble(running)


def assert_no_trouble(server: ServerProcess) -> None:
    """Fail when the log has got a traceback or an error since the last time."""
    text = server.new_log()
    if TROUBLE.search(text):
        raise ServerFailed(f"the log of {server.mode} has errors:\n{text}")


@pytest.fixture(scope="module", params=["serve", pytest.param("pywsgi", marks=pytest.mark.matrix)])
def echo_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The Engine.IO echo server of ``conformance.py``."""
    log_path = tmp_path_factory.mktemp(request.param) / "server.log"
    with ServerProcess(request.param, "conformance:engine_application", log_path) as server:
        yield server


@pytest.fixture
def endpoint(echo_server: ServerProcess) -> Iterator[Endpoint]:
    """Where `echo_server` answers, with a log that must be free of errors when the test ends."""
    yield Endpoint(echo_server.port, "/engine.io/")
    assert_no_trouble(echo_server)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Attach the log of each server that a failed test used."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        used = {id(value): value for value in item.funcargs.values() if isinstance(value, ServerProcess)}
        for server in used.values():
            report.sections.append((f"end of the log of {server.mode}", server.log()[-8_000:]))
    return report
