"""What the application is asked at a handshake: ``allow_request`` and ``generate_id``. Both may block, so handshakes
leave the hub where one of them is set.
"""

import logging
import re
import secrets
from collections.abc import Container
from typing import Final

from geventio.engineio.errors import ErrorCode, RequestRejected
from geventio.engineio.request import Request
from geventio.options import AllowRequest, GenerateId
from geventio.runtime import Timeout

logger = logging.getLogger("geventio.engineio")

SESSION_ID: Final = re.compile(r"[A-Za-z0-9_.~-]{8,128}")
"""What a query and a cookie carry as it is."""


def ask_permission(request: Request, allow_request: AllowRequest) -> None:
    """Ask the application whether *request* may open a session.

    :raises RequestRejected: when it may not.
    """
    try:
        answer = allow_request(request.environ())
    except (Exception, Timeout) as error:
        logger.exception("allow_request failed, and the handshake was refused")
        raise RequestRejected(ErrorCode.FORBIDDEN, "ALLOW_REQUEST_FAILED") from error
    if answer is not True and answer is not None:
        raise RequestRejected(ErrorCode.FORBIDDEN, "ALLOW_REQUEST", answer if isinstance(answer, str) else None)


def new_session_id(request: Request, generate_id: GenerateId | None, taken: Container[str]) -> str:
    """An id for the session that *request* opens: a secret that stands for its client.

    :raises RequestRejected: when the application's function fails, or returns what is no id or in use.
    """
    if generate_id is None:
        return secrets.token_urlsafe(15)  # 120 random bits
    try:
        session_id: object = generate_id(request.environ())
    except (Exception, Timeout) as error:
        logger.exception("generate_id failed, and the handshake was refused")
        raise RequestRejected(ErrorCode.BAD_REQUEST, "ID_GENERATION_ERROR") from error
    if not isinstance(session_id, str):
        problem = f"it returned no text but {type(session_id).__name__}"
    elif not SESSION_ID.fullmatch(session_id):
        problem = "an id has 8 to 128 letters, digits or any of _ . ~ -"
    elif session_id in taken:
        problem = "it returned the id of another session"
    else:
        return session_id
    logger.error("the handshake was refused because of what generate_id returned: %s", problem)
    raise RequestRejected(ErrorCode.BAD_REQUEST, "ID_GENERATION_ERROR")
