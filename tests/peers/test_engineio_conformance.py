"""Engine.IO 4 over raw requests: handshake, heartbeat, close, and every error of a handshake."""

import time

import pytest
import websocket

from .raw import Endpoint, finish

PING_INTERVAL, PING_TIMEOUT = 0.3, 0.2  # as in conformance.py
KEYS = {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}
OPEN = {"pingInterval": 300, "pingTimeout": 200, "maxPayload": 1_000_000}
POLLING = "EIO=4&transport=polling"
WEBSOCKET = "EIO=4&transport=websocket"


class TestHandshake:
    def test_polling(self, endpoint: Endpoint) -> None:
        opened = endpoint.open_polling().opened
        assert set(opened) == KEYS
        assert isinstance(opened["sid"], str)
        assert opened["upgrades"] == ["websocket"]
        assert opened.items() >= OPEN.items()

    def test_polling_headers(self, endpoint: Endpoint) -> None:
        headers = endpoint.request(POLLING).headers
        assert headers["Content-Type"] == "text/plain; charset=UTF-8"
        assert headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in headers
        assert "Access-Control-Allow-Origin" not in headers

    def test_websocket(self, endpoint: Endpoint) -> None:
        with endpoint.open_websocket() as peer:
            opened = peer.receive_open()
        assert set(opened) == KEYS
        assert opened["upgrades"] == []
        assert opened.items() >= OPEN.items()

    def test_session_ids_differ(self, endpoint: Endpoint) -> None:
        assert len({endpoint.open_polling().sid for _ in range(10)}) == 10

    @pytest.mark.parametrize("query", ["transport=polling", "EIO=abc&transport=polling", "EIO=3&transport=polling"])
    def test_invalid_version(self, endpoint: Endpoint, query: str) -> None:
        assert endpoint.request(query).error == (400, 5, "Unsupported protocol version")

    @pytest.mark.parametrize("query", ["EIO=4", "EIO=4&transport=abc", "EIO=4&transport=webtransport", ""])
    def test_invalid_transport(self, endpoint: Endpoint, query: str) -> None:
        assert endpoint.request(query).error == (400, 0, "Transport unknown")

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
    def test_invalid_method(self, endpoint: Endpoint, method: str) -> None:
        assert endpoint.request(POLLING, method).error == (400, 2, "Bad handshake method")

    def test_head(self, endpoint: Endpoint) -> None:
        assert endpoint.request(POLLING, "HEAD").status == 400

    @pytest.mark.parametrize("sid", ["unknown", "__proto__", "__class__", "%00", "%0d%0aX:%201", "%ff", "a" * 2000])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_unknown_sid(self, endpoint: Endpoint, method: str, sid: str) -> None:
        assert endpoint.request(f"{POLLING}&sid={sid}", method).error == (400, 1, "Session ID unknown")

    def test_websocket_without_an_upgrade(self, endpoint: Endpoint) -> None:
        assert endpoint.request(WEBSOCKET).error == (400, 3, "Bad request")

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("transport=websocket", "Unsupported protocol version"),
            ("EIO=abc&transport=websocket", "Unsupported protocol version"),
            ("EIO=4", "Transport unknown"),
            ("EIO=4&transport=abc", "Transport unknown"),
            (f"{WEBSOCKET}&sid=unknown", "Session ID unknown"),
        ],
    )
    def test_invalid_websocket(self, endpoint: Endpoint, query: str, message: str) -> None:
        with pytest.raises(websocket.WebSocketBadStatusException) as refused, endpoint.open_websocket(query):
            pass
        assert refused.value.status_code == 400
        said, _, advice = refused.value.resp_body.decode().partition(". ")
        assert said == message
        assert bool(advice) == said.startswith("Unsupported")

    def test_the_last_of_repeated_keys_counts(self, endpoint: Endpoint) -> None:
        assert endpoint.request("EIO=3&EIO=4&transport=websocket&transport=polling").status == 200

    def test_other_paths_are_not_ours(self, endpoint: Endpoint) -> None:
        assert Endpoint(endpoint.port, "/engine.io").request(POLLING).status == 404


class TestHeartbeat:
    def test_polling(self, endpoint: Endpoint) -> None:
        peer = endpoint.open_polling()
        for _ in range(3):
            assert peer.get().body == "2"
            assert peer.post("3").body == "ok"

    def test_polling_timeout(self, endpoint: Endpoint) -> None:
        peer = endpoint.open_polling()
        time.sleep(PING_INTERVAL + PING_TIMEOUT + 0.4)  # the protocol's own time; timers of a busy machine may be late
        peer.assert_closed()

    def test_websocket(self, endpoint: Endpoint) -> None:
        with endpoint.open_websocket() as peer:
            peer.receive_open()
            started = time.monotonic()
            for _ in range(3):
                assert peer.receive(pings=True) == "2"
                peer.send("3")
            assert time.monotonic() - started >= 3 * PING_INTERVAL - 0.05

    def test_websocket_timeout(self, endpoint: Endpoint) -> None:
        with endpoint.open_websocket() as peer:
            sid = peer.receive_open()["sid"]
            started = time.monotonic()
            peer.wait_closed()
            assert time.monotonic() - started >= PING_INTERVAL + PING_TIMEOUT - 0.05
            assert endpoint.request(f"{POLLING}&sid={sid}").error == (400, 1, "Session ID unknown")


class TestClose:
    def test_polling(self, endpoint: Endpoint) -> None:
        peer = endpoint.open_polling()
        with peer.waiting_get() as connection:
            posted = peer.post("1")
            assert (posted.status, posted.body) == (200, "ok")
            released = finish(connection)
        assert (released.status, released.body) == (200, "6")
        peer.assert_closed()

    def test_websocket_by_packet(self, endpoint: Endpoint) -> None:
        with endpoint.open_websocket() as peer:
            peer.receive_open()
            peer.send("1")
            peer.wait_closed()

    def test_websocket_by_close_frame(self, endpoint: Endpoint) -> None:
        with endpoint.open_websocket() as peer:
            sid = peer.receive_open()["sid"]
            peer.sock.send_close(1000)
            assert peer.wait_closed() == 1000
        endpoint.wait_gone(sid)
