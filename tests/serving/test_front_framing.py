"""Where one request ends and the next begins: every order, every cut, and no two readings of one head."""

import itertools

import pytest

from .running import POLLING, Client, Running, get, handshake, masked, post, wait_until

ENGINE = get("/engine.io/?EIO=4&transport=none")  # answered at once, with an error that keeps nothing
PAGE = get("/page")
FORM = post("/form", b"a=1")
CHUNKED = (
    b"POST /chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n2;e=x\r\nde\r\n0\r\nT: 1\r\n\r\n"
)


def answers(client: Client, count: int) -> list[tuple[int, bytes]]:
    return [(status, body) for status, _, body in (client.response() for _ in range(count))]


def test_kept_alive_connections_mix_both_in_every_order(house: Running) -> None:
    for order in itertools.product("epfcm", repeat=3):
        client = house.connect()
        target = house.open_polling()
        expected = []
        for kind in order:
            request, answer = {
                "e": (get(POLLING), b'0{"sid"'),
                "p": (PAGE, b"app:/page:"),
                "f": (FORM, b"app:/form:a=1"),
                "c": (CHUNKED, b"app:/chunked:abcde"),
                "m": (post(target, b"4hello"), b"ok"),
            }[kind]
            client.send(request)
            expected.append(answer)
            status, _, body = client.response()
            assert (status, body[: len(answer)]) == (200, answer), order
        client.close()


@pytest.mark.parametrize(
    "requests",
    [(b"M", b"M", b"M"), (b"M", PAGE), (PAGE, b"M"), (PAGE, b"M", FORM, b"M", CHUNKED, b"M", PAGE)],
    ids=["engine-engine-engine", "engine-app", "app-engine", "seven"],
)
def test_pipelined_in_one_segment(house: Running, requests: tuple[bytes, ...]) -> None:
    target = house.open_polling()
    whole = b"".join(post(target, b"4m%d" % n) if r == b"M" else r for n, r in enumerate(requests))
    client = house.connect()
    client.send(whole)
    assert [status for status, _ in answers(client, len(requests))] == [200] * len(requests)
    wait_until(lambda: len(house.messages) == requests.count(b"M"))
    assert house.messages == [f"m{n}" for n, r in enumerate(requests) if r == b"M"]
    assert [body for _, _, body in house.app.seen] == [
        {PAGE: b"", FORM: b"a=1", CHUNKED: b"abcde"}[r] for r in requests if r != b"M"
    ]
    client.send(PAGE)  # and the connection is in step
    assert answers(client, 1) == [(200, b"app:/page:")]


@pytest.mark.parametrize("first", ["engine", "app"])
def test_pipelined_and_cut_at_every_byte(house: Running, first: str) -> None:
    target = house.open_polling()
    message = post(target, b"4x")
    whole = message + FORM if first == "engine" else FORM + message
    for cut in range(1, len(whole)):
        client = house.connect()
        client.send_pieces(whole[:cut], whole[cut:])
        bodies = [body for _, body in answers(client, 2)]
        assert bodies == ([b"ok", b"app:/form:a=1"] if first == "engine" else [b"app:/form:a=1", b"ok"]), cut
        client.close()
    assert len(house.app.seen) == len(whole) - 1
    wait_until(lambda: len(house.messages) == len(whole) - 1)


def test_byte_by_byte(house: Running) -> None:
    target = house.open_polling()
    client = house.connect()
    for request, answer in ((post(target, b"4x"), b"ok"), (PAGE, b"app:/page:")):
        for position in range(len(request)):
            client.send_pieces(request[position : position + 1])
        assert client.response()[2] == answer


def test_expect_100_continue(house: Running) -> None:
    client = house.connect()
    target = house.open_polling(client)
    for path, answer in ((target, b"ok"), ("/form", b"app:/form:4hi"), (target, b"ok")):
        head, _, body = post(path, b"4hi", "Expect: 100-continue\r\n").partition(b"\r\n\r\n")
        client.send(head + b"\r\n\r\n")
        assert client.response(head_only=True)[0] == 100
        client.send(body)
        assert client.response()[2] == answer


def test_http_1_0_gets_no_100_and_is_closed(house: Running) -> None:
    target = house.open_polling()
    client = house.connect()
    client.send(post(target, b"4hi", "Expect: 100-continue\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert client.response()[2] == b"ok"
    assert client.ended()
    client = house.connect()
    client.send(handshake(version="1.0"))
    assert client.response()[0] == 400
    assert client.ended()


def test_a_chunked_body_for_the_engine(house: Running) -> None:
    target = house.open_polling()
    chunked = CHUNKED.replace(b"/chunked", target.encode()).replace(b"abc", b"4ab")
    client = house.connect()
    client.send(chunked + PAGE + chunked)
    assert [body for _, body in answers(client, 3)] == [b"ok", b"app:/page:", b"ok"]
    wait_until(lambda: house.messages == ["abde", "abde"])


def test_connection_close(house: Running) -> None:
    for request in (get(POLLING, "Connection: close\r\n"), get("/page", "Connection: close\r\n")):
        client = house.connect()
        client.send(request)
        assert client.response()[0] == 200
        assert client.ended()


def test_head_and_options(house: Running) -> None:
    client = house.connect()
    client.send(get(POLLING).replace(b"GET", b"HEAD"))
    status, fields, _ = client.response(head_only=True)
    assert (status, fields["content-length"] > "0") == (400, True)
    assert client.ended()
    client = house.connect()
    client.send(get(POLLING, "Origin: http://x\r\n").replace(b"GET", b"OPTIONS") + PAGE)
    assert [status for status, _ in answers(client, 2)] == [204, 200]


def test_an_absolute_target_is_the_application_s(house: Running) -> None:
    client = house.connect()
    client.send(get(f"http://x{POLLING}"))
    assert client.response()[2] == b"app:http://x/engine.io/:"


BODY_OF_A_REQUEST = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY_OF_A_REQUEST), BODY_OF_A_REQUEST)
LENGTH = b"%d" % len(BODY_OF_A_REQUEST)
AMBIGUOUS = {
    "two equal lengths": (b"Content-Length: %s\r\nContent-Length: %s\r\n" % (LENGTH, LENGTH), BODY_OF_A_REQUEST),
    "two lengths": (b"Content-Length: 0\r\nContent-Length: %s\r\n" % LENGTH, BODY_OF_A_REQUEST),
    "a list of lengths": (b"Content-Length: 0, %s\r\n" % LENGTH, BODY_OF_A_REQUEST),
    "a signed length": (b"Content-Length: +0\r\n", BODY_OF_A_REQUEST),
    "an underscore": (b"Content-Length: 0_0\r\n", BODY_OF_A_REQUEST),
    "a negative length": (b"Content-Length: -1\r\n", BODY_OF_A_REQUEST),
    "a huge length": (b"Content-Length: 99999999999999999999999\r\n", BODY_OF_A_REQUEST),
    "hexadecimal": (b"Content-Length: 0x0\r\n", BODY_OF_A_REQUEST),
    "CL.TE": (b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", CHUNKS),
    "TE.CL": (b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", CHUNKS),
    "TE.TE": (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", CHUNKS),
    "TE list": (b"Transfer-Encoding: gzip, chunked\r\n", CHUNKS),
    "TE unknown": (b"Transfer-Encoding: xchunked\r\n", CHUNKS),
    "TE twice": (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", CHUNKS),
    "TE tab": (b"Transfer-Encoding:\tchunked, x\r\n", CHUNKS),
    "TE folded": (b"Transfer-Encoding:\r\n chunked\r\n", CHUNKS),
    "TE space before colon": (b"Transfer-Encoding : chunked\r\n", CHUNKS),
    "length, space before colon": (b"Content-Length : %s\r\n" % LENGTH, BODY_OF_A_REQUEST),
    "obs-fold": (b"X: a\r\n b\r\nContent-Length: 0\r\n", BODY_OF_A_REQUEST),
    "first line folded": (b" X: a\r\n", BODY_OF_A_REQUEST),
    "no colon": (b"nonsense\r\nContent-Length: %s\r\n" % LENGTH, BODY_OF_A_REQUEST),
    "bare LF": (b"X: a\nContent-Length: %s\r\n" % LENGTH, BODY_OF_A_REQUEST),
    "bare CR": (b"X: a\rContent-Length: %s\r\n" % LENGTH, BODY_OF_A_REQUEST),
    "NUL": (b"X: a\0\r\nContent-Length: %s\r\n" % LENGTH, BODY_OF_A_REQUEST),
    "bad chunk size": (b"Transfer-Encoding: chunked\r\n", b"0x5\r\n" + BODY_OF_A_REQUEST),
    "negative chunk size": (b"Transfer-Encoding: chunked\r\n", b"-1\r\n" + BODY_OF_A_REQUEST),
    "chunk ends with LF": (b"Transfer-Encoding: chunked\r\n", b"1\nx\n0\n\n" + BODY_OF_A_REQUEST),
    "chunk too long": (b"Transfer-Encoding: chunked\r\n", b"1\r\nxyz\r\n0\r\n\r\n" + BODY_OF_A_REQUEST),
    "trailer": (b"Transfer-Encoding: chunked\r\n", b"0\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"),
}


@pytest.mark.parametrize("target", ["engine", "app"])
@pytest.mark.parametrize("cut", [0, 30, 55, 90, 110])
@pytest.mark.parametrize("name", AMBIGUOUS)
def test_ambiguous_framing_is_refused(house: Running, name: str, cut: int, target: str) -> None:
    fields, body = AMBIGUOUS[name]
    path = house.open_polling() if target == "engine" else "/form"
    client = house.connect()
    whole = f"POST {path} HTTP/1.1\r\nHost: x\r\n".encode() + fields + b"\r\n" + body
    client.send_pieces(whole[:cut], whole[cut:])
    status, _, _ = client.response()
    assert status in (400, 411)
    assert client.ended()
    assert [path for _, path, _ in house.app.seen if path != "/form"] == []
    assert house.messages == []


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET %s HTTP/1.1\n", b"GET %s\r\n", b"GET %s HTTP/0.9\r\n", b"GET %s HTTP/2.0\r\n", b"GET %s HTTP/1.1 \r\n",
        b"GET %s RTSP/1.0\r\n", b"GET %s x HTTP/1.1\r\n", b"\r\nGET %s HTTP/1.1\r\n", b"G\xe9T %s HTTP/1.1\r\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("target", [POLLING.encode(), b"/page"])
def test_malformed_request_lines(house: Running, request_line: bytes, target: bytes) -> None:
    client = house.connect()
    client.send(request_line % target + b"Host: x\r\n\r\n")
    assert client.response()[0] == 400
    assert client.ended()
    assert house.app.seen == []


def test_a_get_with_a_body_is_one_request(house: Running) -> None:
    client = house.connect()
    client.send(get(POLLING, f"Content-Length: {len(PAGE)}\r\n") + PAGE + PAGE)
    assert client.response()[0] == 200
    assert client.ended()
    assert house.app.seen == []


def test_a_websocket_handshake_with_a_body_is_refused(house: Running) -> None:
    for extra in (f"Content-Length: {len(PAGE)}\r\n", "Transfer-Encoding: chunked\r\n"):
        client = house.connect()
        client.send(handshake(extra=extra) + PAGE)
        assert client.response()[0] == 400
        assert client.ended()
    assert house.app.seen == []


def test_frames_in_the_segment_of_the_handshake(house: Running) -> None:
    whole = handshake() + masked(1, b"4one") + masked(1, b"4two")
    for cut in [len(whole), *range(1, len(whole), 7)]:
        client = house.connect()
        client.send_pieces(whole[:cut], whole[cut:])
        assert client.response(head_only=True)[0] == 101
        assert client.frame()[1][:1] == b"0"
        assert [client.frame(), client.frame()] == [(1, b"4one"), (1, b"4two")]
        client.close()


def test_garbage_in_the_segment_of_the_handshake(house: Running) -> None:
    client = house.connect()
    client.send(handshake() + b"\xff\xff\xff\xff GET / HTTP/1.1\r\n\r\n")
    assert client.response(head_only=True)[0] == 101
    assert client.frame()[1][:1] == b"0"
    opcode, payload = client.frame()
    assert (opcode, payload[:2]) == (8, (1002).to_bytes(2, "big"))
    assert house.app.seen == []


def test_a_websocket_after_other_requests_of_its_connection(house: Running) -> None:
    client = house.connect()
    client.send(PAGE + get(POLLING) + handshake() + masked(1, b"4early"))
    assert [status for status, _ in answers(client, 2)] == [200, 200]
    assert client.response(head_only=True)[0] == 101
    assert client.frame()[1][:1] == b"0"
    assert client.frame() == (1, b"4early")


def test_a_chunked_body_whose_head_came_in_pieces(house: Running) -> None:
    head, separator, body = CHUNKED.replace(b"/chunked", house.open_polling().encode()).partition(b"\r\n\r\n")
    client = house.connect()
    client.send_pieces(head, separator + body)  # the client is told to send a length, or to try again
    assert client.response()[0] == 411
    assert client.ended()
    assert house.app.seen == []
