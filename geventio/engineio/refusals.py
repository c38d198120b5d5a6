"""What an engine answers to requests that it refuses, and what it says of them and of clients that it cuts off.

What an operator can mend is said once at WARNING and counted; the rest is any scanner's noise, and at DEBUG.
"""

import logging

from geventio.engineio.connection_errors import FailureListeners
from geventio.engineio.errors import ErrorCode, RequestRejected
from geventio.engineio.request import Headers, Request, Response, wants_websocket
from geventio.protocol.websocket import HandshakeRejected

logger = logging.getLogger("geventio.engineio")


class Refusals:
    """Of one engine."""

    __slots__ = ("_said", "listeners", "slow_clients")

    def __init__(self) -> None:
        self._said: set[str] = set()
        self.listeners: FailureListeners | None = None
        """Who listens to ``connection_error``."""
        self.slow_clients = 0
        """Clients that were cut off because they read too slowly; what waited for them was dropped."""

    def answer(self, request: Request, rejection: RequestRejected, cors: Headers) -> None:
        """Refuse *request*."""
        self._log(request, rejection)
        if self.listeners is not None:
            self.listeners.report(request, rejection)
        if wants_websocket(request):
            headers = [("Connection", "close"), ("Content-Type", "text/plain; charset=UTF-8"), *cors]
            # Node.js says 400 to every handshake; a proxy has to hear that another server may be asked.
            status = rejection.status if rejection.status >= 500 else 400
            request.respond(Response(status, headers, rejection.text()))
        else:
            headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), *cors]
            request.respond(Response(rejection.status, headers, rejection.body()))

    def answer_handshake(self, request: Request, rejection: HandshakeRejected) -> None:
        """Refuse a WebSocket handshake that is none (RFC 6455, section 4.2.2)."""
        logger.debug("WebSocket handshake refused: %s", rejection.message)
        if self.listeners is not None:
            reason = RequestRejected(ErrorCode.BAD_REQUEST, "TRANSPORT_HANDSHAKE_ERROR", rejection.message)
            self.listeners.report(request, reason)
        headers = [*rejection.headers, ("Connection", "close")]
        request.respond(Response(rejection.status, headers, rejection.message.encode()))

    def _log(self, request: Request, rejection: RequestRejected) -> None:
        logger.debug("request refused: %s", rejection)
        reason = rejection.context or str(int(rejection.code))
        if reason in self._said:
            return
        if reason == "ORIGIN_NOT_ALLOWED":
            origin = request.headers.get("origin", "")[:256]
            advice = f"add {origin!r} to cors_allowed_origins if its pages may connect"
        elif rejection.advice:
            advice = rejection.advice
        else:
            return
        self._said.add(reason)
        logger.warning("request refused: %s; %s (said once)", rejection.message, advice)

    def note_slow_client(self, limit: int) -> None:
        """A client was cut off because more than *limit* bytes waited for it."""
        self.slow_clients += 1
        if self.slow_clients == 1:
            logger.warning(
                "a client that read more slowly than it was sent to was cut off; %d bytes may wait for one "
                "(max_send_buffer). Said once, counted in Engine.refusals.slow_clients",
                limit,
            )
