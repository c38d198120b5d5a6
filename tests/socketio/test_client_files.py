"""The JavaScript client that the server serves: what is found where, in which form, and nothing else, through both
doors.
"""

import gzip
import json
import logging
import os
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.pywsgi import WSGIServer

from geventio import ConfigurationError, Server, SocketIOMiddleware
from geventio.serving import make_server
from geventio.socketio import client_files

JS = b"/* the client */ var io = {};\n" * 100
MAP = b'{"version":3}' * 200
NAMES = ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js"]
PATH = "/socket.io/"


class Answer:
    """One response."""

    def __init__(self, port: int, method: str, target: str, headers: dict[str, str]) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.vary = response.headers.get_all("Vary") or []
        self.body = response.read()
        connection.close()


class House:
    """A server behind one of the doors. Requests leave from a thread, so that blocking of the hub would be seen."""

    def __init__(self, door: str, **options: Any) -> None:
        self.io = Server(**options)
        application = SocketIOMiddleware(self.io)
        if door == "front":
            self.server = make_server(application, ("127.0.0.1", 0))
        else:
            self.server = WSGIServer(("127.0.0.1", 0), application, log=None)
        self.server.start()

    def ask(self, target: str, method: str = "GET", **headers: str) -> Answer:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        pool = gevent.get_hub().threadpool
        return pool.apply(Answer, (self.server.server_port, method, target, fields))  # type: ignore[no-any-return]

    def stop(self) -> None:
        self.io.close()
        self.server.stop(timeout=0.1)


class Build:
    """Makes houses, and stops them."""

    def __init__(self, door: str) -> None:
        self.door = door
        self.houses: list[House] = []

    def __call__(self, **options: Any) -> House:
        self.houses.append(House(self.door, **options))
        return self.houses[-1]


@pytest.fixture(params=["front", "wsgi"])
def build(request: pytest.FixtureRequest) -> Iterator[Build]:
    build = Build(request.param)
    yield build
    for house in build.houses:
        house.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the client, and with what is nobody's business."""
    for name in NAMES:
        (tmp_path / name).write_bytes(JS + name.encode())
        (tmp_path / f"{name}.map").write_bytes(MAP)
    (tmp_path / "secret.js").write_text("secret")
    (tmp_path / "index.html").write_text("secret")
    return tmp_path


def test_every_bundle_and_its_map(build: Build, folder: Path) -> None:
    house = build(serve_client=folder)
    for name in NAMES:
        answer = house.ask(PATH + name)
        assert (answer.status, answer.body) == (200, JS + name.encode())
        assert answer.headers["content-type"] == "application/javascript; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=0"
        assert answer.headers["content-length"] == str(len(answer.body))
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "content-encoding" not in answer.headers
        assert answer.vary == ["Accept-Encoding, Origin"]
        answer = house.ask(f"{PATH}{name}.map?v=4.8")
        assert (answer.status, answer.body) == (200, MAP)
        assert answer.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    "target",
    [
        "secret.js", "index.html", "", "../secret.js", "%2e%2e/secret.js", "..%2fsocket.io.js", "/socket.io.js",
        "./socket.io.js", "socket.io.js/", "socket.io.js%00", "socket.io.js%00.map", "SOCKET.IO.JS", "socket.io.js.gz",
        "socket.io.js.br", "socket.io.js.map.map", "socket.io.slim.js", "socket.io.js;a", "socket.io.js\\",
        "a/socket.io.js",
        "socket.io.esm.js", "%73ocket.io.js%2f..%2f..%2fetc%2fpasswd", "..\\..\\secret.js", "~root/socket.io.js",
    ],
)  # fmt: skip
def test_nothing_else(build: Build, folder: Path, target: str) -> None:
    (folder / "socket.io.js.gz").write_bytes(gzip.compress(JS))
    house = build(serve_client=folder)
    answer = house.ask(PATH + target)
    assert answer.status == 400
    assert json.loads(answer.body) == {"code": 0, "message": "Transport unknown"}


def test_other_methods(build: Build, folder: Path) -> None:
    house = build(serve_client=folder)
    head = house.ask(PATH + NAMES[0], "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(JS + NAMES[0].encode()))
    assert house.ask(PATH + NAMES[0], "HEAD").status == 200
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert house.ask(PATH + NAMES[0], method).status == 400


def test_tags(build: Build, folder: Path) -> None:
    house = build(serve_client=folder)
    tag = house.ask(PATH + NAMES[0]).headers["etag"]
    assert tag.startswith('"')
    assert tag.endswith('"')
    for field in (tag, "W/" + tag, f'"other", {tag}', "*", f'  {tag}  ,W/"x"'):
        answer = house.ask(PATH + NAMES[0], If_None_Match=field)
        assert (answer.status, answer.body) == (304, b""), field
        assert answer.headers["etag"] == tag
        assert answer.headers["cache-control"] == "public, max-age=0"
        assert not {"content-length", "content-type"} & answer.headers.keys()
    for field in ('"other"', tag[:-1], tag.strip('"'), "", f"w/{tag}", "," * 5000):
        assert house.ask(PATH + NAMES[0], If_None_Match=field).status == 200, field
    zipped = house.ask(PATH + NAMES[0], Accept_Encoding="gzip")
    assert zipped.headers["etag"] != tag  # other bytes
    assert house.ask(PATH + NAMES[0], Accept_Encoding="gzip", If_None_Match=zipped.headers["etag"]).status == 304
    assert house.ask(PATH + NAMES[0], If_None_Match=zipped.headers["etag"]).status == 200
    assert house.ask(PATH + NAMES[1]).headers["etag"] != tag


def test_what_is_compressed_here(build: Build, folder: Path) -> None:
    house = build(serve_client=folder)
    for _ in range(2):
        answer = house.ask(PATH + NAMES[0], Accept_Encoding="br, gzip, deflate")
        assert answer.headers["content-encoding"] == "gzip"
        assert gzip.decompress(answer.body) == JS + NAMES[0].encode()
        assert len(answer.body) < len(JS) / 5
    for accept in ("identity", "gzip;q=0", "deflate", "*;q=0"):
        assert "content-encoding" not in house.ask(PATH + NAMES[0], Accept_Encoding=accept).headers


def test_what_lies_compressed_beside_it(build: Build, folder: Path) -> None:
    (folder / "socket.io.min.js.br").write_bytes(b"brotli")
    (folder / "socket.io.min.js.gz").write_bytes(gzip.compress(JS + b"own gzip"))
    house = build(serve_client=folder)
    answer = house.ask(PATH + NAMES[1], Accept_Encoding="gzip, br")
    assert (answer.headers["content-encoding"], answer.body) == ("br", b"brotli")
    answer = house.ask(PATH + NAMES[1], Accept_Encoding="gzip, br;q=0")
    assert (answer.headers["content-encoding"], gzip.decompress(answer.body)) == ("gzip", JS + b"own gzip")
    assert house.ask(PATH + NAMES[1]).body == JS + NAMES[1].encode()
    # One that was made for an older version is not.
    os.utime(folder / "socket.io.js", (2_000_000_000, 2_000_000_000))
    (folder / "socket.io.js.br").write_bytes(b"old")
    answer = house.ask(PATH + NAMES[0], Accept_Encoding="gzip, br")
    assert answer.headers["content-encoding"] == "gzip"


def test_a_new_version_is_seen(build: Build, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_files, "FRESH", 0.0)
    house = build(serve_client=folder)
    first = house.ask(PATH + NAMES[0], Accept_Encoding="gzip")
    (folder / NAMES[0]).write_bytes(b"a new version")
    second = house.ask(PATH + NAMES[0], Accept_Encoding="gzip")
    assert gzip.decompress(second.body) == b"a new version"
    assert second.headers["etag"] != first.headers["etag"]
    (folder / NAMES[0]).unlink()
    assert house.ask(PATH + NAMES[0]).status == 400
    (folder / NAMES[0]).write_bytes(b"back")
    assert house.ask(PATH + NAMES[0]).body == b"back"


def test_files_are_kept_in_memory(build: Build, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    load = client_files._load

    def counting(*args: Any) -> Any:
        looks.append(args[1])
        return load(*args)

    monkeypatch.setattr(client_files, "_load", counting)
    monkeypatch.setattr(client_files, "FRESH", 60.0)
    house = build(serve_client=folder)
    answers = [gevent.spawn(house.ask, PATH + NAMES[0]) for _ in range(8)]
    assert {each.get(timeout=5).body for each in answers} == {JS + NAMES[0].encode()}
    house.ask(PATH + NAMES[1])
    house.ask(PATH + NAMES[0])
    assert looks == NAMES[:2]  # all that came together waited for one look


def test_a_file_that_is_not_there(build: Build, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / NAMES[0]).unlink()
    (folder / NAMES[1]).unlink()
    (folder / NAMES[1]).mkdir()
    with (folder / NAMES[2]).open("wb") as file:
        file.truncate(client_files.MAX_SIZE + 1)
    house = build(serve_client=folder)
    errors: list[Any] = []
    house.io.engine.on("connection_error", errors.append)
    for name in NAMES[:3]:
        answer = house.ask(PATH + name)
        assert (answer.status, json.loads(answer.body)) == (400, {"code": 0, "message": "Transport unknown"})
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "npm install socket.io-client" in warnings[0]
    assert "serve_client" in warnings[0]
    assert [error.code for error in errors] == [0, 0, 0]


def test_it_may_be_turned_off(build: Build, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(folder, "node_modules/socket.io-client/dist")
    monkeypatch.chdir(folder)
    assert build().ask(PATH + NAMES[0]).status == 200
    assert build(serve_client=False).ask(PATH + NAMES[0]).status == 400


def install(folder: Path, where: str, content: bytes = JS) -> Path:
    target = folder / where
    target.mkdir(parents=True)
    for name in NAMES:
        (target / name).write_bytes(content)
    return target


@pytest.mark.parametrize("where", ["node_modules/socket.io-client/dist", "node_modules/socket.io/client-dist"])
@pytest.mark.parametrize("depth", ["", "a/b/c"])
def test_node_modules_are_found_upwards(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, depth: str
) -> None:
    install(tmp_path, where)
    inner = tmp_path / depth
    inner.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(inner)
    house = build()
    monkeypatch.chdir("/")  # a server that changes its folder later finds them all the same
    assert house.ask(PATH + NAMES[0]).body == JS


def test_the_nearest_one_is_taken(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "node_modules/socket.io-client/dist", b"far")
    install(tmp_path, "a/node_modules/socket.io-client/dist", b"near")
    monkeypatch.chdir(tmp_path / "a")
    assert build().ask(PATH + NAMES[0]).body == b"near"


def test_files_of_another_user_are_not_served_unless_named(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In a folder above ours that anybody may write to, such as /tmp, somebody may have put a client of their own."""
    here = install(tmp_path, "node_modules/socket.io-client/dist")
    monkeypatch.chdir(tmp_path)
    house = build()
    assert house.io.engine.files._owners >= {0, os.geteuid()}  # type: ignore[union-attr]
    house.io.engine.files._owners = frozenset({os.geteuid() + 1})  # type: ignore[union-attr]  # no second user here
    assert house.ask(PATH + NAMES[0]).status == 400
    assert "belongs to another user" in caplog.text
    assert build(serve_client=str(here)).ask(PATH + NAMES[0]).status == 200


@pytest.mark.parametrize("foreign", ["", NAMES[0], "dist", "socket.io-client", "node_modules"])
def test_links_and_folders_of_another_user_lead_nowhere(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, foreign: str
) -> None:
    """Whoever may make a folder above ours could otherwise have any file published that we may read."""
    path = install(tmp_path, "node_modules/socket.io-client/dist") / NAMES[0]
    path.unlink()
    path.symlink_to("/etc/passwd")  # of root, which is trusted
    if os.geteuid() == 0:
        stranger = 12345
        for each in (path, *path.parents):
            if each.name == foreign:
                os.chown(each, stranger, -1, follow_symlinks=False)
    monkeypatch.chdir(tmp_path)
    house = build()
    trusted = frozenset({0}) if foreign else frozenset({0, os.geteuid()})
    house.io.engine.files._owners = trusted  # type: ignore[union-attr]
    answer = house.ask(PATH + NAMES[0])
    assert answer.status == (400 if foreign else 200)
    assert (b"root" in answer.body) == (not foreign)


def test_a_link_that_a_package_manager_made(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pnpm lays packages out."""
    install(tmp_path, "node_modules/.pnpm/socket.io-client@4.8.1/dist")
    (tmp_path / "node_modules/socket.io-client").symlink_to(".pnpm/socket.io-client@4.8.1")
    monkeypatch.chdir(tmp_path)
    assert build().ask(PATH + NAMES[0]).body == JS


def test_what_has_come_in_the_place_of_a_file_is_not_read(tmp_path: Path) -> None:
    """Between the look and the reading: another file, a pipe that nobody writes to."""
    path = tmp_path / NAMES[0]
    path.write_bytes(JS)
    stamp = client_files._stamp(str(path), None)
    assert client_files._read(stamp) == JS
    path.rename(tmp_path / "old")
    path.write_bytes(JS)
    os.utime(path, ns=(0, stamp[1]))
    with pytest.raises(OSError, match="being changed"):
        client_files._read(stamp)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(OSError, match="being changed"):
        client_files._read(stamp)


def test_a_working_directory_that_is_gone(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert build().ask(PATH + NAMES[0]).status == 400


def test_what_is_no_folder() -> None:
    for folder in ("", __file__):
        with pytest.raises(ConfigurationError, match="serve_client"):
            Server(serve_client=folder)


def test_a_folder_that_comes_later(build: Build, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    house = build(serve_client=tmp_path / "later")
    assert "a folder that is not there" in caplog.text
    install(tmp_path, "later")
    assert house.ask(PATH + NAMES[0]).body == JS


def test_origins(build: Build, folder: Path) -> None:
    house = build(serve_client=folder, cors_allowed_origins="https://a.example")
    answer = house.ask(PATH + NAMES[2], Origin="https://a.example")
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert answer.vary == ["Accept-Encoding, Origin"]
    assert house.ask(PATH + NAMES[2], Origin="https://b.example").status == 403
    assert "access-control-allow-origin" not in house.ask(PATH + NAMES[2]).headers


def test_another_path(build: Build, folder: Path) -> None:
    for slash in (True, False):
        house = build(serve_client=folder, path="/live/socket", add_trailing_slash=slash)
        assert house.ask("/live/socket/socket.io.js").status == 200
        assert house.ask("/live/socketsocket.io.js").status == (404 if slash else 400)
        assert house.ask("/socket.io/socket.io.js").status == 404


def test_no_middleware_stands_before_them_and_they_are_no_way_round_one(build: Build, folder: Path) -> None:
    house = build(serve_client=folder)
    house.io.engine.use(lambda app: lambda environ, start_response: [start_response("401 Unauthorized", []), b"no"][1:])
    assert house.ask(PATH + NAMES[0]).status == 200
    assert house.ask(PATH + "?EIO=4&transport=polling").status == 401
    # What looks like a file and is a handshake is a handshake.
    for target in ("socket.io.js?EIO=4&transport=polling", "socket.io.js?transport=", "socket.io.js?a=1&transport=abc"):
        assert house.ask(PATH + target).status == 401
    assert house.ask(PATH + NAMES[0], "POST").status == 401
    assert house.io.engine.sessions == {}


def test_a_large_file_to_a_slow_reader(build: Build, folder: Path) -> None:
    content = os.urandom(3_000_000)
    (folder / NAMES[0]).write_bytes(content)
    house = build(serve_client=folder)
    with gevent.socket.create_connection(("127.0.0.1", house.server.server_port)) as sock:
        sock.sendall(b"GET /socket.io/socket.io.js HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        gevent.sleep(0.1)
        received = bytearray()
        while data := sock.recv(65536):
            received += data
    assert bytes(received).partition(b"\r\n\r\n")[2] == content
