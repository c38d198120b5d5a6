"""Who listens to which event, and how a listener is called.

What a handler takes is read from its signature when it is registered, so a handler that cannot work fails at import,
with a message that names the expected form, and nothing is guessed while a client waits.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, Final

from geventio.exceptions import ConfigurationError, GeventIOError

FORMS: Final = {
    "connection": "handler(socket)",
    "disconnecting": "handler(socket, reason)",
    "disconnect": "handler(socket, reason)",
}
"""Events of the server itself; each has its own form."""

REFUSED: Final = {
    "connect": 'it is "connection" on the server, as in Node.js',
    "connect_error": "it belongs to clients; refuse a socket with ConnectionRejected in use()",
    "newListener": "the protocol reserves it",
    "removeListener": "the protocol reserves it",
}


class ArgumentsMismatch(GeventIOError):
    """A client sent an event with a number of arguments that its handler does not take."""

    def __init__(self, expected: str, got: int) -> None:
        super().__init__(expected, got)
        self.expected = expected
        self.got = got

    def __str__(self) -> str:
        return f"the handler takes {self.expected}, and the client sent {self.got}"


class Listener:
    """One registered handler."""

    __slots__ = ("concurrent", "function", "most", "once", "required", "takes_ack")

    def __init__(self, event: str, function: Callable[..., Any], *, given: int, once: bool, concurrent: bool) -> None:
        """*given*: how many arguments the server itself puts in front (the socket, or none)."""
        self.function = function
        self.once = once
        self.concurrent = concurrent
        self.required, self.most, self.takes_ack = _read_signature(event, function, given)

    def check_arguments(self, count: int) -> None:
        """See to it that the handler takes *count* arguments of a client.

        :raises ArgumentsMismatch: when it does not.
        """
        if count < self.required or (self.most is not None and count > self.most):
            if self.most is None:
                expected = f"at least {self.required} arguments"
            elif self.required == self.most:
                expected = f"{self.required} argument{'' if self.required == 1 else 's'}"
            else:
                expected = f"{self.required} to {self.most} arguments"
            raise ArgumentsMismatch(expected, count)


def _read_signature(event: str, function: Callable[..., Any], given: int) -> tuple[int, int | None, bool]:
    """How many arguments of a client *function* needs and takes at most, and whether it names ``ack``."""
    if not callable(function):
        raise ConfigurationError(f"a handler must be callable: {function!r} given for the event {event!r}")
    form = FORMS.get(event, "handler(socket, *args)") if given else "handler(*args)"
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some built-in functions have no signature that can be read
        return 0, None, False
    required, most = 0, 0
    unlimited = takes_ack = False
    for parameter in parameters:
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            most += 1
            required += parameter.default is parameter.empty
        elif parameter.kind is parameter.VAR_POSITIONAL:
            unlimited = True
        elif parameter.kind is parameter.KEYWORD_ONLY:
            if parameter.name == "ack":
                takes_ack = True
            elif parameter.default is parameter.empty:
                raise ConfigurationError(
                    f"the handler {function!r} of {event!r} needs {parameter.name!r}, which nobody gives it: "
                    f"the form is {form}, and ack is the one keyword there is"
                )
    if not unlimited and most < given:
        raise ConfigurationError(f"the handler {function!r} of {event!r} cannot take the socket; its form is {form}")
    fixed = {"connection": 0, "disconnecting": 1, "disconnect": 1}.get(event)
    if given and fixed is not None and (required > given + fixed or (not unlimited and most < given + fixed)):
        raise ConfigurationError(f"the handler {function!r} of {event!r} does not have the form {form}")
    return max(required - given, 0), None if unlimited else most - given, takes_ack


class Listeners:
    """Handlers by event, in the order of their registration."""

    __slots__ = ("_given", "concurrent", "of")

    def __init__(self, given: int) -> None:
        self.of: dict[str | int | float, list[Listener]] = {}
        """Listeners by event; never an empty list."""
        self.concurrent: set[str | int | float] = set()
        """Events of which every listener said ``concurrent=True``."""
        self._given = given

    def add(self, event: str, handler: Callable[..., Any], *, once: bool, concurrent: bool) -> None:
        """Register *handler*.

        :raises ConfigurationError: for a reserved event name, or a handler that cannot be called as its event needs.
        """
        if not isinstance(event, str):
            raise ConfigurationError(f'an event has a name, as in @io.on("chat message"), not {event!r}')
        if event in REFUSED:
            raise ConfigurationError(f"the event name {event!r} is reserved: {REFUSED[event]}")
        listener = Listener(event, handler, given=self._given, once=once, concurrent=concurrent)
        # A new list: one that is being walked stays as it is.
        self.of[event] = [*self.of.get(event, ()), listener]
        self._note_concurrent(event)

    def remove(self, event: str | None, handler: Callable[..., Any] | None) -> None:
        """Remove *handler* from *event*; without a handler all of the event, without an event all."""
        if event is None:
            self.of.clear()
            self.concurrent.clear()
            return
        self._keep(event, [x for x in self.of.get(event, ()) if handler is not None and x.function != handler])

    def discard(self, event: str | int | float, listener: Listener) -> bool:
        """Remove a listener that fires once; False when another event of the same client was faster."""
        listeners = self.of.get(event, [])
        if listener not in listeners:
            return False
        self._keep(event, [x for x in listeners if x is not listener])
        return True

    def _keep(self, event: str | int | float, listeners: list[Listener]) -> None:
        if listeners:
            self.of[event] = listeners
        else:
            self.of.pop(event, None)
        self._note_concurrent(event)

    def _note_concurrent(self, event: str | int | float) -> None:
        listeners: Iterable[Listener] = self.of.get(event, ())
        if listeners and all(listener.concurrent for listener in listeners):
            self.concurrent.add(event)
        else:
            self.concurrent.discard(event)
