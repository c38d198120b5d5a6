"""The tree of errors: what each says, carries, and is."""

import copy
import pickle

import pytest

from geventio import (
    AckTimeout,
    AdapterError,
    ConfigurationError,
    ConnectionRejected,
    Disconnected,
    GeventIOError,
    PacketDecodeError,
    PayloadTooBig,
    ProtocolError,
    WebSocketProtocolError,
)

ERRORS = [
    (ConfigurationError("say what to do"), "say what to do", ValueError),
    (WebSocketProtocolError(1002, "reserved bits"), "reserved bits (close code 1002)", ProtocolError),
    (PacketDecodeError("no packet"), "no packet", ProtocolError),
    (PayloadTooBig(11, 10), "payload of 11 bytes is over the limit of 10 bytes", ProtocolError),
    (ConnectionRejected("no", {"code": 1}), "no", GeventIOError),
    (Disconnected("ping timeout"), "the client disconnected (ping timeout)", GeventIOError),
    (AckTimeout(2.5), "no acknowledgement within 2.5 s", TimeoutError),
    (AdapterError("no answer"), "no answer", GeventIOError),
]


@pytest.mark.parametrize(("error", "text", "kind"), ERRORS, ids=[type(error).__name__ for error, _, _ in ERRORS])
def test_an_error(error: GeventIOError, text: str, kind: type) -> None:
    assert str(error) == text
    assert isinstance(error, GeventIOError)
    assert isinstance(error, kind)
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # as between processes
        assert type(again) is type(error)
        assert str(again) == text
        assert vars(again) == vars(error)
