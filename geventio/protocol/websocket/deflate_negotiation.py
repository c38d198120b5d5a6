"""Agreeing on per-message deflate: what a client offers, and what the server answers (RFC 7692, section 7.1).

A client offers the extension in its handshake, sometimes several times with other parameters, the best first; the
server takes the first offer that it can live with, or none::

    accepted = accept_deflate("permessage-deflate; client_max_window_bits", DeflateOptions(), 1_000_000)
    accepted.response  # "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    accepted.deflater.deflate_frames(encode_text("..."))

An offer that makes no sense is declined like one of an extension that nobody knows: the connection goes on without.
"""

from typing import Final, NamedTuple

from geventio.option_groups import DeflateOptions
from geventio.protocol.websocket.deflate import (
    ContextDeflater,
    ContextInflater,
    Deflater,
    Inflater,
    shared_deflater,
    shared_inflater,
)

NAME: Final = "permessage-deflate"
SERVER_NO_CONTEXT_TAKEOVER: Final = "server_no_context_takeover"
CLIENT_NO_CONTEXT_TAKEOVER: Final = "client_no_context_takeover"
SERVER_MAX_WINDOW_BITS: Final = "server_max_window_bits"
CLIENT_MAX_WINDOW_BITS: Final = "client_max_window_bits"

# How many offers are looked at; browsers make one, and the rest is a stranger's to fill.
_MAX_OFFERS: Final = 16
_MAX_PARAMETERS: Final = 4  # each at most once

_WHITESPACE: Final = " \t"  # RFC 9110, section 5.6.3
_WINDOW_BITS: Final = {str(bits): bits for bits in range(8, 16)}  # no leading zeros: RFC 7692, section 7.1.2
_MIN_SERVER_BITS: Final = 9
"""zlib makes no smaller window."""
_MAX_BITS: Final = 15

_Parameters = dict[str, str | None]


class AcceptedDeflate(NamedTuple):
    """What was agreed on, ready for one connection."""

    response: str
    """The value of the response's Sec-WebSocket-Extensions field."""
    deflater: Deflater
    inflater: Inflater


def accept_deflate(offers: str, options: DeflateOptions, max_message_size: int) -> AcceptedDeflate | None:
    """Take the first acceptable offer of a request's Sec-WebSocket-Extensions; None where there is none.

    *offers* is a client's own text, and costs time in proportion to its length.
    """
    for offer in offers.split(",", _MAX_OFFERS)[:_MAX_OFFERS]:
        parameters = _parse_offer(offer)
        if parameters is not None and (accepted := _accept(parameters, options, max_message_size)) is not None:
            return accepted
    return None


def _parse_offer(offer: str) -> _Parameters | None:
    """The parameters of an offer of this extension; None for another extension, or a parameter that comes twice."""
    name, *fields = offer.split(";", _MAX_PARAMETERS + 1)
    if name.strip(_WHITESPACE).lower() != NAME or len(fields) > _MAX_PARAMETERS:
        return None
    parameters: _Parameters = {}
    for field in fields:
        key, separator, value = field.partition("=")
        key = key.strip(_WHITESPACE).lower()
        if key in parameters:
            return None
        parameters[key] = _unquoted(value.strip(_WHITESPACE)) if separator else None
    return parameters


def _unquoted(value: str) -> str:
    """RFC 6455, section 9.1: a value may stand in quotation marks."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def _accept(parameters: _Parameters, options: DeflateOptions, max_message_size: int) -> AcceptedDeflate | None:
    server_bits, client_bits = options.server_max_window_bits, _MAX_BITS
    for name, value in parameters.items():
        if name in (SERVER_NO_CONTEXT_TAKEOVER, CLIENT_NO_CONTEXT_TAKEOVER):
            if value is not None:
                return None
        elif name == SERVER_MAX_WINDOW_BITS:
            bits = _WINDOW_BITS.get(value or "", 0)
            if bits < _MIN_SERVER_BITS:
                return None
            server_bits = min(server_bits, bits)
        elif name == CLIENT_MAX_WINDOW_BITS:
            # A number is a hint of what the client would use anyway; only who names the parameter can be given one.
            bits = _MAX_BITS if value is None else _WINDOW_BITS.get(value, 0)
            if not bits:
                return None
            client_bits = min(options.client_max_window_bits, bits)
        else:
            return None

    server_context = not (options.server_no_context_takeover or SERVER_NO_CONTEXT_TAKEOVER in parameters)
    client_context = not (options.client_no_context_takeover or CLIENT_NO_CONTEXT_TAKEOVER in parameters)
    response = [NAME]
    if not server_context:
        response.append(SERVER_NO_CONTEXT_TAKEOVER)
    if not client_context:
        response.append(CLIENT_NO_CONTEXT_TAKEOVER)
    if server_bits < _MAX_BITS or SERVER_MAX_WINDOW_BITS in parameters:
        response.append(f"{SERVER_MAX_WINDOW_BITS}={server_bits}")
    if client_bits < _MAX_BITS:
        response.append(f"{CLIENT_MAX_WINDOW_BITS}={client_bits}")
    return AcceptedDeflate(
        "; ".join(response),
        ContextDeflater(options, server_bits) if server_context else shared_deflater(options, server_bits),
        ContextInflater(max_message_size, client_bits) if client_context else shared_inflater(max_message_size),
    )
