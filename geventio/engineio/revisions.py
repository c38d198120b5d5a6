"""The revisions of Engine.IO that are served: what a session and its transports are made of.

The value ``4`` of ``EIO`` means revision 4, anything else (or nothing) revision 3, as in Node.js.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from geventio.engineio.errors import ErrorCode, RequestRejected
from geventio.engineio.request import Request
from geventio.engineio.session import Session
from geventio.engineio.session3 import Session3
from geventio.engineio.transports.polling import PollingTransport
from geventio.engineio.transports.polling3 import PollingTransport3
from geventio.engineio.transports.websocket import WebSocketTransport
from geventio.engineio.transports.websocket3 import WebSocketTransport3
from geventio.options import EngineOptions

CURRENT: Final = "4"
ADVICE: Final = (
    "This server speaks Engine.IO 4, which is Socket.IO clients 3 and 4: use one of them, or let older clients in with "
    "allow_eio3=True on the server"
)


class Revision(NamedTuple):
    """One revision of the protocol."""

    session: type[Session]
    websocket: type[WebSocketTransport]
    polling: Callable[[Session, EngineOptions, Request], PollingTransport]


def _polling(session: Session, options: EngineOptions, request: Request) -> PollingTransport:  # noqa: ARG001
    return PollingTransport(session, options, session.flush)


def _polling3(session: Session, options: EngineOptions, request: Request) -> PollingTransport:
    return PollingTransport3(session, options, session.flush, base64=bool(request.query.get("b64")))


REVISION_4: Final = Revision(Session, WebSocketTransport, _polling)
REVISION_3: Final = Revision(Session3, WebSocketTransport3, _polling3)


def revision_of(request: Request) -> Revision:
    """The revision that *request* is in."""
    return REVISION_4 if request.query.get("EIO") == CURRENT else REVISION_3


def check_handshake_revision(options: EngineOptions, request: Request) -> None:
    """See to it that a handshake is in a revision that is served.

    :raises RequestRejected: for another one, with what to do about it; and for JSONP, which is not spoken.
    """
    if request.query.get("EIO") == CURRENT:
        return
    if not options.allow_eio3:
        raise RequestRejected(ErrorCode.UNSUPPORTED_PROTOCOL_VERSION, advice=ADVICE)
    if "j" in request.query:
        raise RequestRejected(ErrorCode.BAD_REQUEST, "JSONP", advice="JSONP is not spoken here")


def check_session_revision(session: Session, request: Request) -> None:
    """See to it that a request is in the revision that its session began in.

    :raises RequestRejected: for another one.
    """
    if (request.query.get("EIO") == CURRENT) != (session.protocol == 4):
        raise RequestRejected(ErrorCode.BAD_REQUEST, "PROTOCOL_MISMATCH")
