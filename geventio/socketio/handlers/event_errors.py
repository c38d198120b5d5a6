"""What becomes of an event that is refused, or that a handler fails on: what the log says and what the client hears."""

import logging
from typing import Any, Final

from geventio.exceptions import EventRejected, InvalidArguments
from geventio.runtime import Timeout
from geventio.socketio.acks import Ack
from geventio.socketio.connection import INTERNAL_ERROR
from geventio.socketio.handlers.events import ArgumentsMismatch, EventName

logger = logging.getLogger("geventio.socketio")

SHOWN: Final = 64
"""Characters of an event's name, which is the client's text, that a log record shows."""


def log_failure(what: str, event: EventName, namespace: str, error: BaseException) -> None:
    """Write down that a *what* (a handler, a packet middleware ...) raised *error*."""
    name = str(event)[:SHOWN]
    if isinstance(error, ArgumentsMismatch):
        logger.warning("the event %r in the namespace %r was not handled: %s", name, namespace, error)
    elif isinstance(error, InvalidArguments):
        # A problem may quote the client: above DEBUG, only the names of the parameters are told.
        wrong = ", ".join(str(problem["argument"]) for problem in error.data)
        logger.warning(
            "the event %r in the namespace %r was not handled: invalid arguments: %s", name, namespace, wrong
        )
        logger.debug("the invalid arguments of %r: %a", name, str(error))
    elif isinstance(error, EventRejected):
        logger.info("a %s refused the event %r in the namespace %r", what, name, namespace)
    else:
        logger.error("a %s of %r in the namespace %r failed", what, name, namespace, exc_info=error)


def acknowledge_rejection(ack: Ack | None, event: EventName, rejection: EventRejected) -> None:
    """Give the client that asked for an acknowledgement *rejection* in its place. Never raises."""
    if ack is None:
        return
    error: dict[str, Any] = {"message": rejection.message}
    if rejection.data is not None:
        error["data"] = rejection.data
    try:
        ack({"error": error})
    except (Exception, Timeout):
        logger.exception("the EventRejected of the event %r cannot be sent", str(event)[:SHOWN])
        ack({"error": {"message": INTERNAL_ERROR}})
