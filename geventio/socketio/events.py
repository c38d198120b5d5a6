"""Who listens to which event, and how a listener is called.

What a handler takes is read from its signature when it is registered, so a handler that cannot work fails at import,
with a message that names the expected form, and nothing is guessed while a client waits.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, Final

from geventio.exceptions import ConfigurationError, GeventIOError

CONNECTED: Final = "connect"
"""What the handlers of ``connection`` are kept under: a client may send an event ``connection`` of its own, which must
not call them, but none of this name, which the protocol reserves.
"""

FORMS: Final = {
    "connection": ("handler(socket)", 0),
    "disconnecting": ("handler(socket, reason)", 1),
    "disconnect": ("handler(socket, reason)", 1),
}
"""Events of the server itself: the form of their handlers, and how many arguments follow the socket."""

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
    form: str
    fixed: int | None
    form, fixed = FORMS.get(event, ("handler(socket, *args)", None))
    if not given:
        # To a socket, "connection" is an event like any other, which a client may send.
        form, fixed = ("handler(*args)", None) if event == "connection" else (form.replace("socket, ", ""), fixed)
    check_function(function, form)
    signature = _signature(function)
    if signature is None:
        return 0, None, False
    parameters = signature.parameters.values()
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
    if not takes_ack and any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        # A decorator's wrapper that passes on what it is given: the wrapped handler says whether it takes ack.
        ack = inspect.signature(function).parameters.get("ack")
        takes_ack = ack is not None and ack.kind is ack.KEYWORD_ONLY
    if fixed is not None and (required > given + fixed or (not unlimited and most < given + fixed)):
        raise ConfigurationError(f"the handler {function!r} of {event!r} does not have the form {form}")
    return max(required - given, 0), None if unlimited else most - given, takes_ack


def check_function(function: Any, form: str) -> None:
    """See to it that calling *function* runs it.

    :raises ConfigurationError: otherwise; *form* is how it should look.
    """
    if not callable(function):
        raise ConfigurationError(f"a function of the form {form} is needed, and {function!r} is not callable")
    kinds = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)
    if any(kind(function) for kind in kinds):
        raise ConfigurationError(
            f"calling {function!r} would not run it: a plain function of the form {form} is needed, which may block"
        )


def check_form(function: Any, form: str, count: int) -> None:
    """See to it that *function* can be called with *count* positional arguments.

    :raises ConfigurationError: otherwise.
    """
    check_function(function, form)
    signature = _signature(function)
    try:
        if signature is not None:
            signature.bind(*[None] * count)
    except TypeError as error:
        raise ConfigurationError(f"{function!r} does not have the form {form}: {error}") from None


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    """What *function* itself takes, not what it wraps: a decorator may add an argument or take one away."""
    try:
        return inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):  # some built-in functions have no signature that can be read
        return None


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
        key = self._key(event)
        # A new list: one that is being walked stays as it is.
        self.of[key] = [*self.of.get(key, ()), listener]
        self._note_concurrent(key)

    def remove(self, event: str | None, handler: Callable[..., Any] | None) -> None:
        """Remove *handler* from *event*; without a handler all of the event, without an event all.

        :raises ConfigurationError: for a handler without its event.
        """
        if event is None:
            if handler is not None:
                raise ConfigurationError("off() needs the event to remove a handler from: off(event, handler)")
            self.of.clear()
            self.concurrent.clear()
            return
        key = self._key(event)
        self._keep(key, [x for x in self.of.get(key, ()) if handler is not None and x.function != handler])

    def _key(self, event: str) -> str:
        return CONNECTED if self._given and event == "connection" else event

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
