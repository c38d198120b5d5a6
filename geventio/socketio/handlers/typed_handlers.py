"""Typed handlers: what a handler's parameters are annotated with is what it gets, or it is not called.

::

    @dataclass
    class Move:
        piece: str
        to: tuple[int, int]

    @io.on("move")
    def move(socket, move: Move, comment: str = ""):
        ...

Annotations are read when the handler is registered, so one that cannot be checked fails at import. An event that does
not fit raises :class:`~geventio.exceptions.InvalidArguments` in the handler's place. Parameters without an annotation,
and those annotated with ``Any`` or ``object``, take anything; the socket's own annotation means nothing here.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

from geventio.exceptions import ConfigurationError, InvalidArguments
from geventio.socketio.handlers.signatures import read_signature
from geventio.socketio.handlers.typed_values import Convert, Unfit, converter


class TypedArguments:
    """How the arguments of one handler are checked and converted."""

    __slots__ = ("_positional", "_rest")

    def __init__(self, positional: list[tuple[str, Convert | None]], rest: tuple[str, Convert | None]) -> None:
        self._positional = positional
        self._rest = rest

    def convert(self, args: list[Any]) -> list[Any]:
        """What the handler gets for *args* of a client.

        :raises InvalidArguments: naming each argument that is not what the handler asks for.
        """
        values: list[Any] = []
        problems: list[dict[str, Any]] = []
        for index, value in enumerate(args):
            if index < len(self._positional):
                name, convert = self._positional[index]
            else:
                name, convert = self._rest
            if convert is None:
                values.append(value)
                continue
            try:
                values.append(convert(value))
            except Unfit as problem:
                if index >= len(self._positional):
                    name = f"{name}[{index - len(self._positional)}]"
                problems.append({"argument": name, "problem": str(problem)})
                if len(problems) == PROBLEMS:
                    break
        if problems:
            raise InvalidArguments(problems)
        return values


PROBLEMS = 20
"""Arguments that one InvalidArguments names at most: a client may send many to a handler with ``*args``."""


def typed_arguments(
    event: str, function: Callable[..., Any], signature: inspect.Signature, given: int
) -> TypedArguments | None:
    """How the arguments of *function* are checked, which is a handler of *event* and gets *given* arguments before
    them; None when nothing is.

    :raises ConfigurationError: for an annotation that cannot be checked.
    """
    names = _Names(function)
    positional: list[tuple[str, Convert | None]] = []
    rest: tuple[str, Convert | None] = ("args", None)
    for index, parameter in enumerate(_parameters(function, signature)):
        convert = None
        if index >= given and parameter.annotation is not parameter.empty:
            try:
                convert = converter(names.resolve(parameter.annotation))
            except ConfigurationError as error:
                raise ConfigurationError(
                    f"the parameter {parameter.name!r} of the handler {function!r} of {event!r}: {error}"
                ) from error
        if parameter.kind is parameter.VAR_POSITIONAL:
            rest = (parameter.name, convert)
        else:
            positional.append((parameter.name, convert))
    if rest[1] is None and not any(convert for _, convert in positional):
        return None
    return TypedArguments(positional[given:], rest)


def _parameters(function: Callable[..., Any], signature: inspect.Signature) -> list[inspect.Parameter]:
    """The parameters that take positional arguments. A decorator's wrapper with ``*args`` is taken to pass them on, so
    what they are is for the wrapped function to say.
    """
    parameters = _positional(signature)
    if parameters and parameters[-1].kind is inspect.Parameter.VAR_POSITIONAL and hasattr(function, "__wrapped__"):
        wrapped = read_signature(function, follow_wrapped=True)
        if wrapped is not None:
            parameters[-1:] = _positional(wrapped)[len(parameters) - 1 :]
    return parameters


def _positional(signature: inspect.Signature) -> list[inspect.Parameter]:
    kinds = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.VAR_POSITIONAL,
    )
    return [parameter for parameter in signature.parameters.values() if parameter.kind in kinds]


class _Names:
    """Finds what annotations that are texts stand for."""

    def __init__(self, function: Any) -> None:
        while not inspect.isroutine(function) or hasattr(function, "__wrapped__"):
            if isinstance(function, functools.partial):
                function = function.func
            elif hasattr(function, "__wrapped__"):
                function = function.__wrapped__
            elif inspect.isclass(function):
                function = function.__init__
            else:
                function = type(function).__call__
        self._globals: dict[str, Any] = getattr(function, "__globals__", {})

    def resolve(self, annotation: Any) -> Any:
        """*annotation* itself, or what it names.

        :raises ConfigurationError: for a name that is not known at run time.
        """

        def carrier() -> None: ...

        carrier.__annotations__ = {"annotation": annotation}
        try:
            return get_type_hints(carrier, self._globals, include_extras=True)["annotation"]
        except Exception as error:  # an annotation may be any expression
            raise ConfigurationError(
                f"the annotation {annotation!r} means nothing at run time ({error}): import the name where the "
                "handler's module is imported, not for type checkers alone, or leave the annotation out"
            ) from error
