"""Offers of per-message deflate and what the server answers, case by case (RFC 7692, section 7.1)."""

import pytest

from geventio.option_groups import DeflateOptions
from geventio.protocol.websocket import accept_deflate
from geventio.protocol.websocket.deflate import ContextDeflater, ContextInflater
from tests.protocol.cost import growth

DEFAULTS = DeflateOptions()
KEEPING = DeflateOptions(server_no_context_takeover=False, client_no_context_takeover=False)
SMALL = DeflateOptions(
    server_no_context_takeover=False,
    client_no_context_takeover=False,
    server_max_window_bits=11,
    client_max_window_bits=10,
)
NEITHER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

ACCEPTED = {
    ("permessage-deflate", DEFAULTS): NEITHER,
    ("permessage-deflate; client_max_window_bits", DEFAULTS): NEITHER,  # Chromium, ws
    ("PerMessage-Deflate ;\tClient_Max_Window_Bits ", DEFAULTS): NEITHER,
    ("permessage-deflate; server_no_context_takeover; client_no_context_takeover", DEFAULTS): NEITHER,
    ("permessage-deflate", KEEPING): "permessage-deflate",
    ("permessage-deflate; server_no_context_takeover", KEEPING): "permessage-deflate; server_no_context_takeover",
    ("permessage-deflate; client_no_context_takeover", KEEPING): "permessage-deflate; client_no_context_takeover",
    ("permessage-deflate; server_max_window_bits=12", KEEPING): "permessage-deflate; server_max_window_bits=12",
    ("permessage-deflate; server_max_window_bits=15", KEEPING): "permessage-deflate; server_max_window_bits=15",
    ('permessage-deflate; server_max_window_bits = "9"', KEEPING): "permessage-deflate; server_max_window_bits=9",
    ("permessage-deflate; client_max_window_bits=9", KEEPING): "permessage-deflate; client_max_window_bits=9",
    ("permessage-deflate; client_max_window_bits=8", KEEPING): "permessage-deflate; client_max_window_bits=8",
    ("permessage-deflate; client_max_window_bits", KEEPING): "permessage-deflate",
    ("permessage-deflate", SMALL): "permessage-deflate; server_max_window_bits=11",
    ("permessage-deflate; server_max_window_bits=12", SMALL): "permessage-deflate; server_max_window_bits=11",
    ("permessage-deflate; server_max_window_bits=10", SMALL): "permessage-deflate; server_max_window_bits=10",
    (
        "permessage-deflate; client_max_window_bits",
        SMALL,
    ): "permessage-deflate; server_max_window_bits=11; client_max_window_bits=10",
    (
        "permessage-deflate; client_max_window_bits=9",
        SMALL,
    ): "permessage-deflate; server_max_window_bits=11; client_max_window_bits=9",
    # Several offers: the first that is acceptable, whatever stands before it.
    ("permessage-deflate; server_max_window_bits=8, permessage-deflate", KEEPING): "permessage-deflate",
    ("permessage-deflate; nonsense, permessage-deflate; server_max_window_bits=9", KEEPING): (
        "permessage-deflate; server_max_window_bits=9"
    ),
    ("x-webkit-deflate-frame, permessage-bzip2; level=9,,permessage-deflate", KEEPING): "permessage-deflate",
    ("permessage-deflate; server_max_window_bits=10, permessage-deflate", KEEPING): (
        "permessage-deflate; server_max_window_bits=10"
    ),
}

DECLINED = [
    "",
    " ,;=, ",
    "deflate-frame",
    "permessage-deflate2",
    "permessage-deflate;",
    "permessage-deflate; unknown",
    "permessage-deflate; server_no_context_takeover=1",
    "permessage-deflate; client_no_context_takeover=",
    "permessage-deflate; client_no_context_takeover=true",
    "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    "permessage-deflate; client_max_window_bits; client_max_window_bits",
    "permessage-deflate; server_max_window_bits",
    "permessage-deflate; server_max_window_bits=",
    "permessage-deflate; server_max_window_bits=8",  # allowed, and more than zlib can do
    "permessage-deflate; server_max_window_bits=7",
    "permessage-deflate; server_max_window_bits=16",
    "permessage-deflate; server_max_window_bits=010",
    "permessage-deflate; server_max_window_bits=+10",
    "permessage-deflate; server_max_window_bits=1_0",
    "permessage-deflate; server_max_window_bits=١٠",
    'permessage-deflate; server_max_window_bits="',
    'permessage-deflate; server_max_window_bits=""',
    "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
    "permessage-deflate; client_max_window_bits=7",
    "permessage-deflate; client_max_window_bits=16",
    "permessage-deflate; client_max_window_bits=",
    "permessage-deflate; client_max_window_bits=x",
    f"{NEITHER}; client_max_window_bits; server_max_window_bits=10; more",
    "x," * 16 + "permessage-deflate",
]


@pytest.mark.parametrize(("offers", "options", "response"), [(*case, answer) for case, answer in ACCEPTED.items()])
def test_accepted(offers: str, options: DeflateOptions, response: str) -> None:
    accepted = accept_deflate(offers, options, 1_000)
    assert accepted is not None
    assert accepted.response == response
    # What was agreed on is what is done.
    assert isinstance(accepted.deflater, ContextDeflater) is ("server_no_context_takeover" not in response)
    assert isinstance(accepted.inflater, ContextInflater) is ("client_no_context_takeover" not in response)
    assert accepted.inflater.max_size == 1_000


@pytest.mark.parametrize("offers", DECLINED)
@pytest.mark.parametrize("options", [DEFAULTS, KEEPING])
def test_declined(offers: str, options: DeflateOptions) -> None:
    assert accept_deflate(offers, options, 1_000) is None


def test_clients_without_context_share_what_compresses() -> None:
    first, second = (accept_deflate("permessage-deflate", DeflateOptions(), 1_000) for _ in range(2))
    assert first == second
    smaller = accept_deflate("permessage-deflate; server_max_window_bits=10", DeflateOptions(), 1_000)
    assert first is not None
    assert smaller is not None
    assert smaller.deflater is not first.deflater
    assert smaller.inflater is first.inflater
    assert first.deflater.shared


def test_clients_with_context_share_nothing() -> None:
    first, second = (accept_deflate("permessage-deflate", KEEPING, 1_000) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.deflater is not second.deflater
    assert first.inflater is not second.inflater
    assert not first.deflater.shared


@pytest.mark.parametrize("unit", [",", ";", "=", '"', "permessage-deflate,", "permessage-deflate;", "a=b;", "\t"])
def test_nonsense_costs_time_in_proportion_to_its_length(unit: str) -> None:
    def offer(length: int) -> None:
        for _ in range(20):
            accept_deflate(unit * length, DEFAULTS, 1_000)

    assert growth(offer, 20_000) < 3
