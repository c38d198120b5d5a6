"""Engine.IO 4 over raw requests: messages on both transports, and the upgrade from one to the other."""

import time

import pytest
import websocket

from .raw import SEPARATOR, Closed, Endpoint, finish

PING_INTERVAL = 0.3  # as in conformance.py
POLLING = "EIO=4&transport=polling"
WEBSOCKET = "EIO=4&transport=websocket"


class TestPollingMessages:
    @pytest.mark.parametrize(
        "payload",
        [
            "4hello",
            SEPARATOR.join(["4test1", "4test2", "4test3"]),
            SEPARATOR.join(["4hello", "bAQIDBA=="]),
            "4",
            "4€ 漢字 😀",
            SEPARATOR.join(f"4{number}" for number in range(1000)),
        ],
    )
    def test_echo(self, endpoint: Endpoint, payload: str) -> None:
        peer = endpoint.open_polling()
        posted = peer.post(payload)
        assert (posted.status, posted.body) == (200, "ok")
        assert posted.headers["Content-Type"].startswith("text/html")
        echoed = ""
        while len(echoed) < len(payload):
            answer = peer.get()
            assert answer.status == 200
            assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
            echoed += (SEPARATOR if echoed else "") + answer.body
        assert echoed == payload

    def test_a_waiting_get_is_answered(self, endpoint: Endpoint) -> None:
        peer = endpoint.open_polling()
        with peer.waiting_get() as connection:
            assert peer.post("4hello").body == "ok"
            assert finish(connection).body == "4hello"

    @pytest.mark.parametrize("payload", ["abc", "", "7", SEPARATOR, "4ok" + SEPARATOR, "b!!!"])
    def test_invalid_packets_close_the_session(self, endpoint: Endpoint, payload: str) -> None:
        peer = endpoint.open_polling()
        assert peer.post(payload).status in {200, 400}
        peer.assert_closed()

    def test_invalid_utf8(self, endpoint: Endpoint) -> None:
        assert endpoint.open_polling().post(b"4\xff\xfe").status in {200, 400}

    def test_duplicate_get_closes_the_session(self, endpoint: Endpoint) -> None:
        peer = endpoint.open_polling()
        with peer.waiting_get() as connection:
            assert peer.get().status == 400
            first = finish(connection)
        assert (first.status, first.body) == (200, "1")
        peer.assert_closed()

    def test_binary_content_type_closes_the_session(self, endpoint: Endpoint) -> None:
        peer = endpoint.open_polling()
        assert peer.post("4hello", {"Content-Type": "application/octet-stream"}).status == 400
        peer.assert_closed()

    def test_too_big_a_post(self, endpoint: Endpoint) -> None:
        peer = endpoint.open_polling()
        assert peer.post("4" + "a" * 999_999).body == "ok"
        assert len(peer.get().body) == 1_000_000
        assert endpoint.open_polling().post("4" + "a" * 1_000_000).status == 413

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
    def test_other_methods_leave_the_session_alone(self, endpoint: Endpoint, method: str) -> None:
        peer = endpoint.open_polling()
        assert 400 <= endpoint.request(peer.query, method).status <= 500
        assert peer.post("4hello").body == "ok"
        assert peer.get().body == "4hello"

    def test_an_aborted_get_closes_the_session(self, endpoint: Endpoint) -> None:
        peer = endpoint.open_polling()
        with peer.waiting_get():
            started = time.monotonic()
        endpoint.wait_gone(peer.sid)
        assert time.monotonic() - started < PING_INTERVAL, "it was the heartbeat that closed it"

    def test_transport_mismatch(self, endpoint: Endpoint) -> None:
        with endpoint.open_websocket() as peer:
            sid = peer.receive_open()["sid"]
            assert endpoint.request(f"{POLLING}&sid={sid}").error == (400, 3, "Bad request")
            peer.send("4still here")
            assert peer.receive() == "4still here"


class TestWebSocketMessages:
    def test_echo(self, endpoint: Endpoint) -> None:
        with endpoint.open_websocket() as peer:
            peer.receive_open()
            for message in ("4hello", b"\x01\x02\x03\x04", b"", "4", "4€ 漢字 😀", "4" + "a" * 70_000, bytes(70_000)):
                peer.send(message)
                assert peer.receive() == message

    def test_base64_text_is_a_binary_message(self, endpoint: Endpoint) -> None:
        with endpoint.open_websocket() as peer:
            peer.receive_open()
            peer.send("bAQIDBA==")
            assert peer.receive() == b"\x01\x02\x03\x04"

    @pytest.mark.parametrize("message", ["abc", "", "7", "b!!!"])
    def test_invalid_packets_close_the_session(self, endpoint: Endpoint, message: str) -> None:
        with endpoint.open_websocket() as peer:
            sid = peer.receive_open()["sid"]
            peer.send(message)
            peer.wait_closed()
            assert endpoint.request(f"{POLLING}&sid={sid}").error == (400, 1, "Session ID unknown")

    @pytest.mark.parametrize("message", ["0", "5", "6", "3", "3unsolicited"])
    def test_packets_without_a_meaning_here_are_ignored(self, endpoint: Endpoint, message: str) -> None:
        with endpoint.open_websocket() as peer:
            peer.receive_open()
            peer.send(message)
            peer.send("4hello")
            assert peer.receive() == "4hello"

    def test_a_ping_from_the_client_closes_the_session(self, endpoint: Endpoint) -> None:
        with endpoint.open_websocket() as peer:
            peer.receive_open()
            peer.send("2")
            peer.wait_closed()

    def test_too_big_a_message(self, endpoint: Endpoint) -> None:
        with endpoint.open_websocket() as peer:
            peer.receive_open()
            peer.sock.send_frame(websocket.ABNF(0, 0, 0, 0, websocket.ABNF.OPCODE_TEXT, 1, b"4" + b"a" * 600_000))
            peer.sock.send_frame(websocket.ABNF(1, 0, 0, 0, websocket.ABNF.OPCODE_CONT, 1, b"a" * 400_000))
            assert peer.wait_closed() == 1009


class TestUpgrade:
    def test_succeeds(self, endpoint: Endpoint) -> None:
        polling = endpoint.open_polling()
        with endpoint.open_websocket(f"{WEBSOCKET}&sid={polling.sid}") as peer:
            peer.send("2probe")
            assert peer.receive() == "3probe"
            answer = polling.get()
            assert (answer.status, answer.body) == (200, "6")
            peer.send("5")
            peer.send("4hello")
            assert peer.receive() == "4hello"

    def test_releases_a_get_that_waits(self, endpoint: Endpoint) -> None:
        polling = endpoint.open_polling()
        query = f"{WEBSOCKET}&sid={polling.sid}"
        with polling.waiting_get() as connection, endpoint.open_websocket(query) as peer:
            peer.send("2probe")
            assert peer.receive() == "3probe"
            assert finish(connection).body == "6"
            peer.send("5")
            peer.send(b"hello")
            assert peer.receive() == b"hello"

    def test_polling_works_during_the_probe(self, endpoint: Endpoint) -> None:
        polling = endpoint.open_polling()
        with endpoint.open_websocket(f"{WEBSOCKET}&sid={polling.sid}") as peer:
            peer.send("2probe")
            assert peer.receive() == "3probe"
            assert polling.post("4hello").body == "ok"
            assert polling.get().body == "4hello"

    def test_what_polling_did_not_take_comes_over_the_websocket(self, endpoint: Endpoint) -> None:
        polling = endpoint.open_polling()
        with endpoint.open_websocket(f"{WEBSOCKET}&sid={polling.sid}") as peer:
            peer.send("2probe")
            assert peer.receive() == "3probe"
            assert polling.post(SEPARATOR.join(["4one", "bAQIDBA==", "4two"])).body == "ok"
            peer.send("5")
            assert [peer.receive() for _ in range(3)] == ["4one", b"\x01\x02\x03\x04", "4two"]

    def test_polling_is_refused_afterwards(self, endpoint: Endpoint) -> None:
        polling = endpoint.open_polling()
        with endpoint.open_websocket(f"{WEBSOCKET}&sid={polling.sid}") as peer:
            peer.send("2probe")
            assert peer.receive() == "3probe"
            peer.send("5")
            peer.send("4hello")
            assert peer.receive() == "4hello"
            assert polling.get().error == (400, 3, "Bad request")
            assert polling.post("4lost").error == (400, 3, "Bad request")
            peer.send("4again")
            assert peer.receive() == "4again"

    @pytest.mark.parametrize("upgraded", [False, True])
    def test_a_second_websocket_is_closed(self, endpoint: Endpoint, upgraded: bool) -> None:
        polling = endpoint.open_polling()
        with endpoint.open_websocket(f"{WEBSOCKET}&sid={polling.sid}") as peer:
            peer.send("2probe")
            assert peer.receive() == "3probe"
            if upgraded:
                peer.send("5")
                peer.send("4hello")
                assert peer.receive() == "4hello"
            with endpoint.open_websocket(f"{WEBSOCKET}&sid={polling.sid}") as second:
                second.wait_closed()
            if not upgraded:
                peer.send("5")
            peer.send("4again")
            assert peer.receive() == "4again"

    @pytest.mark.parametrize("message", ["2", "4hello", "abc"])
    def test_a_wrong_probe_closes_the_websocket_only(self, endpoint: Endpoint, message: str) -> None:
        polling = endpoint.open_polling()
        with endpoint.open_websocket(f"{WEBSOCKET}&sid={polling.sid}") as peer:
            peer.send(message)
            peer.wait_closed()
        assert polling.post("4still here").body == "ok"
        assert polling.get().body == "4still here"

    def test_an_aborted_probe_leaves_polling_alone(self, endpoint: Endpoint) -> None:
        polling = endpoint.open_polling()
        for _ in range(2):
            with endpoint.open_websocket(f"{WEBSOCKET}&sid={polling.sid}") as peer:
                peer.send("2probe")
                assert peer.receive() == "3probe"
        assert polling.post("4still here").body == "ok"
        assert polling.get().body == "4still here"

    def test_the_version_must_stay(self, endpoint: Endpoint) -> None:
        polling = endpoint.open_polling()
        for query in (f"EIO=3&transport=websocket&sid={polling.sid}", f"transport=websocket&sid={polling.sid}"):
            with pytest.raises(websocket.WebSocketBadStatusException), endpoint.open_websocket(query):
                pass
        assert polling.post("4still here").body == "ok"


def test_closed_is_told_from_silence(endpoint: Endpoint) -> None:
    """The peer of these tests: it raises at a close and waits otherwise."""
    with endpoint.open_websocket() as peer:
        peer.receive_open()
        peer.sock.send_close(1000)
        with pytest.raises(Closed):
            peer.receive()
