"""``connection_error``: the application hears of every request that the engine refuses, and why.

::

    @io.engine.on("connection_error")
    def refused(error):
        logger.info("%s %s %s %s", error.request.address, error.code, error.message, error.context)

A scanner can bring about as many refusals as it likes, so the handlers are called one after the other in one worker
greenlet, and no more than a thousand refusals wait for them.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from geventio.engineio.errors import ErrorCode, RequestRejected
from geventio.engineio.request import KeptRequest, Request
from geventio.runtime import Mailbox, Timeout, current_runtime

logger = logging.getLogger("geventio.engineio")

MAX_WAITING: Final = 1000


@dataclass(frozen=True, slots=True)
class ConnectionFailure:
    """A request that the engine refused."""

    code: int
    """0: transport unknown; 1: session id unknown; 2: bad handshake method; 3: bad request; 4: forbidden;
    5: unsupported protocol version."""
    message: str
    """What the client was told."""
    context: dict[str, Any] = field(repr=False)
    """What was wrong: ``transport`` (0), ``sid`` (1), ``method`` (2), ``protocol`` (5); otherwise ``name`` (such as
    ``INVALID_ORIGIN``, ``TRANSPORT_MISMATCH``, ``PROTOCOL_MISMATCH``, ``TRANSPORT_HANDSHAKE_ERROR``,
    ``MIDDLEWARE_FAILURE``, ``HOOK_FAILURE``, ``ID_GENERATION_ERROR`` for 3, ``ORIGIN_NOT_ALLOWED``, ``ALLOW_REQUEST``
    for 4), and, where code of the application raised, that exception as ``error``. Texts of the client are as the
    client wrote them."""
    request: KeptRequest = field(repr=False)
    """The request: ``headers``, ``url``, ``query``, ``address``, ``environ()``."""

    @property
    def environ(self) -> dict[str, Any]:
        """A WSGI environ of the request, with an empty body."""
        return self.request.environ()


Handler = Callable[[ConnectionFailure], Any]


class FailureListeners:
    """Who listens to ``connection_error`` of one engine."""

    __slots__ = ("_handlers", "_mailbox", "dropped")

    def __init__(self) -> None:
        self._handlers: list[Handler] = []
        self._mailbox: Mailbox | None = None
        self.dropped = 0
        """Refusals that nobody heard of, because too many waited."""

    def add(self, handler: Handler) -> None:
        """Call *handler* for every refusal."""
        self._handlers.append(handler)

    def report(self, request: Request, rejection: RequestRejected) -> None:
        """Tell of a refusal. Called in the hub or in a greenlet; never blocks."""
        mailbox = self._mailbox
        if mailbox is None:
            mailbox = self._mailbox = Mailbox(current_runtime().workers)
        if len(mailbox) >= MAX_WAITING:
            self.dropped += 1
            if self.dropped == 1:
                logger.warning(
                    "connection_error handlers are slower than requests are refused: some refusals are not reported. "
                    "Said once, counted in Engine.refusals.listeners.dropped"
                )
            return
        context = describe(request, rejection)
        mailbox.post(self._tell, ConnectionFailure(int(rejection.code), rejection.message, context, request.keep()))

    def _tell(self, failure: ConnectionFailure) -> None:
        """Runs in a worker."""
        for handler in self._handlers:
            try:
                handler(failure)
            except (Exception, Timeout):
                logger.exception("a connection_error handler failed")


def describe(request: Request, rejection: RequestRejected) -> dict[str, Any]:
    """What was wrong with *request*."""
    context: dict[str, Any] = {}
    query = request.query
    if rejection.context:
        context["name"] = rejection.context
    if rejection.code is ErrorCode.UNKNOWN_TRANSPORT:
        context["transport"] = query.get("transport", "")
    elif rejection.code is ErrorCode.UNKNOWN_SID:
        context["sid"] = query.get("sid", "")
    elif rejection.code is ErrorCode.BAD_HANDSHAKE_METHOD:
        context["method"] = request.method
    if rejection.code is ErrorCode.UNSUPPORTED_PROTOCOL_VERSION or rejection.context == "PROTOCOL_MISMATCH":
        context["protocol"] = query.get("EIO", "")
    elif rejection.context in ("INVALID_ORIGIN", "ORIGIN_NOT_ALLOWED"):
        context["origin"] = request.headers.get("origin", "")
    if rejection.__cause__ is not None:
        context["error"] = rejection.__cause__
    return context
