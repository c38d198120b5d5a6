"""The copy of the vectors is whole, and every one of the protocols is in a suite that some test takes.

Those of JSONP (``eio3.jsonp``) are not: geventio does not speak it.
"""

from .vectors import EPOCH, VECTORS, revive

TAKEN = {
    "eio4.packet.text",
    "eio4.packet.ws",
    "eio4.packet.base64",
    "eio4.payload",
    "eio4.decode_error",
    "eio4.payload.decode",
    "eio4.webtransport.frame",
    "eio3.packet",
    "eio3.payload.string",
    "eio3.payload.binary",
    "eio3.payload.decode",
    "eio3.decode_error",
    "sio4.packet",
    "sio5.packet",
    "sio5.decode",
    "sio5.msgpack",
    "sio5.msgpack.decode_error",
}


def test_no_suite_is_left_out():
    suites = {vector["suite"] for vector in VECTORS if vector["suite"].startswith(("eio4", "sio5", "eio3", "sio4"))}
    assert suites - {"eio3.jsonp.response", "eio3.jsonp.post"} == TAKEN


def test_the_notation_of_values():
    notation = [{"$bin": "01"}, {"x": {"$undefined": True}}, {"$date_ms": 0}, 1]
    assert revive(notation) == [b"\x01", {"x": None}, EPOCH, 1]
