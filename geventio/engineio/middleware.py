"""WSGI middlewares in front of an engine: they see engine requests only, whichever way those came.

A middleware has the form that every WSGI middleware has, ``middleware(app) -> app``. It is called with a whole environ
and *before* the engine looks at the request; for the engine behind it stands an application that answers ``200 OK``
with an empty body at once. So a middleware holds nothing while a client waits for its next message, and no session is
opened for a request that it refuses:

- what it changes in the environ, the engine and the application's handlers see (``socket.handshake.environ``);
- fields that it adds to the response are added to the engine's own response, whenever that comes, and to the
  ``101 Switching Protocols`` of a WebSocket. Fields that the engine sets itself stay as they are, except that
  ``Set-Cookie`` and ``Vary`` add up;
- when it answers itself (it does not call its application, or changes the status), the client gets that answer;
- when it raises, the request is refused (``MIDDLEWARE_FAILURE``).

The body of a POST belongs to the engine: in a middleware's environ it is empty.

A proxy's header fields, with Werkzeug (the origin check, ``handshake.address`` and ``handshake.secure`` follow)::

    io.engine.use(lambda app: ProxyFix(app, x_for=1, x_proto=1, x_host=1))

A Flask session, read and written; who is not logged in is refused::

    @io.engine.use
    def flask_session(app):
        def middleware(environ, start_response):
            with flask_app.request_context(environ):
                if "user" not in session:
                    return Response("log in first", 401)(environ, start_response)
                environ["user"] = session["user"]          # socket.handshake.environ["user"]
                session["seen"] = time.time()

                def start(status, headers, exc_info=None):
                    response = flask_app.response_class(status=status, headers=headers)
                    flask_app.session_interface.save_session(flask_app, session, response)
                    return start_response(status, list(response.headers), exc_info)

                return app(environ, start)
        return middleware

(A cookie that is set on a waiting poll arrives when the poll ends, and in the place of what another response may have
set meanwhile: write sessions at handshakes, ``"sid=" not in environ["QUERY_STRING"]``, if other pages write them too.)
"""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any, Final, NamedTuple

from geventio.engineio.request import NO_BODY, Headers, Request, Response
from geventio.engineio.response_headers import check_field, frames
from geventio.exceptions import ConfigurationError

StartResponse = Callable[..., Any]
WSGIApplication = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
Middleware = Callable[[WSGIApplication], WSGIApplication]

CALL: Final = "geventio.middleware_call"
"""Environ key of the call under way."""
PASSED_ON: Final = "200 OK"
DESCRIBES_A_BODY: Final = frozenset(
    {"content-encoding", "content-range", "content-type", "etag", "last-modified", "server"}
)
"""What a middleware may say of the empty body, or says of every response as servers do: not the engine's to repeat."""


class Passed(NamedTuple):
    """A request that the middlewares let through: its environ as they left it, and the fields that they add."""

    environ: dict[str, Any]
    headers: Headers


class Middlewares:
    """The middlewares of one engine, in the order of their registration: the first is the outermost."""

    __slots__ = ("_applications",)

    def __init__(self) -> None:
        self._applications: list[WSGIApplication] = []

    def add(self, middleware: Middleware) -> None:
        """Put *middleware* behind those that are there.

        :raises ConfigurationError: unless it is a function of an application that returns one.
        """
        if not callable(middleware):
            raise ConfigurationError(f"a middleware is a function of a WSGI application, not {middleware!r}")
        position = len(self._applications) + 1

        def following(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            return self._application(position)(environ, start_response)

        application = middleware(following)
        if not callable(application):
            raise ConfigurationError(
                f"the middleware {middleware!r} must return a WSGI application, as in "
                f"def middleware(app): return application, and returned {application!r}"
            )
        self._applications.append(application)

    def _application(self, position: int) -> WSGIApplication:
        return self._applications[position] if position < len(self._applications) else _pass_on

    def run(self, request: Request) -> Passed | Response:
        """What becomes of *request*. Blocks as long as a middleware does, and raises what one raises.

        :raises ConfigurationError: when a middleware breaks WSGI.
        """
        environ = {**request.environ(), "wsgi.input": BytesIO()}
        announced = environ.get("CONTENT_LENGTH")
        if announced is not None:
            environ["CONTENT_LENGTH"] = "0"
        call = environ[CALL] = _Call()
        result = self._application(0)(environ, call.start_response)
        try:
            for piece in result:
                call.write(piece)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        outcome = call.outcome()
        if announced is not None and isinstance(outcome, Passed):
            outcome.environ["CONTENT_LENGTH"] = announced  # the engine takes no handshake that has a body
        return outcome


class _Call:
    """One pass through the middlewares."""

    __slots__ = ("_body", "_headers", "_status", "environ")

    def __init__(self) -> None:
        self.environ: dict[str, Any] | None = None  # with which the engine was called
        self._status: str | None = None
        self._headers: Headers = []
        self._body: list[bytes] = []

    def start_response(self, status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], None]:
        """PEP 3333; nothing has been sent yet, so *exc_info* only says that this answer is in the place of another."""
        if self._status is not None and exc_info is None:
            raise ConfigurationError("start_response was called again without exc_info")
        self._status = status
        self._headers = [check_field(*field) for field in headers]
        return self.write

    def write(self, piece: bytes) -> None:
        """A piece of the body."""
        if not isinstance(piece, bytes):
            raise ConfigurationError(f"the body of a WSGI response is bytes, not {type(piece).__name__}")
        self._body.append(piece)

    def outcome(self) -> Passed | Response:
        """What the middlewares made of the request."""
        status = self._status
        if status is None:
            raise ConfigurationError("a middleware neither called start_response nor its application")
        if self.environ is not None and status == PASSED_ON:
            added = [field for field in self._headers if field[0].lower() not in DESCRIBES_A_BODY]
            return Passed(self.environ, _not_framing(added))
        code = status[:3]
        if not (code.isascii() and code.isdigit()) or not 200 <= int(code) <= 599:
            raise ConfigurationError(f'a final status looks like "401 Unauthorized", not {status[:40]!r}')
        # What stands behind a 304, a client would take for the next response.
        body = b"" if int(code) in NO_BODY else b"".join(self._body)
        return Response(int(code), _not_framing(self._headers), body)


def _not_framing(headers: Headers) -> Headers:
    return [field for field in headers if not frames(field[0])]


def _pass_on(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Stands for the engine behind the last middleware."""
    call = environ.get(CALL)
    if not isinstance(call, _Call):
        raise ConfigurationError("a middleware calls its application with the environ that it got, or a copy of it")
    call.environ = {key: value for key, value in environ.items() if key != CALL}
    start_response(PASSED_ON, [("Content-Type", "text/plain; charset=UTF-8")])
    return []
