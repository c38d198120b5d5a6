"""What a type annotation asks of a client's value: a function that checks and converts it.

The types that JSON has (``str``, ``int``, ``float``, ``bool``, ``None``, ``list``, ``dict``, ``dict[str, Any]``),
``bytes`` and unions of them are checked here. What pydantic made (models, its fields in ``Annotated``, and any class
that holds one) is pydantic's, by its own rules. All else (dataclasses, TypedDict, ``list[int]``, Literal, Enum,
datetime, UUID, Decimal, ``msgspec.Struct``, ...) is msgspec's, strictly: ``"5"`` is no int. An int will do for a float;
a bool is no int.

    >>> converter(float)(5)
    5.0
    >>> converter(int | None)("5")
    Traceback (most recent call last):
    geventio.socketio.handlers.typed_values.Unfit: expected int | None, got str
"""

import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from typing import Annotated, Any, Final, NewType, Union, get_args, get_origin, get_type_hints, is_typeddict

from geventio.exceptions import ConfigurationError, GeventIOError

Convert = Callable[[Any], Any]
"""Returns the value as its annotation wants it; raises Unfit."""

_TEXT_KEYS: Final = dict[str, Any]
_PLAIN: Final = frozenset((str, int, float, bool, bytes, list, dict, types.NoneType, _TEXT_KEYS))
_ANYTHING: Final = (Any, object)
_PROBLEM_SIZE: Final = 200
"""Characters of a problem's text, which may quote what the client sent."""
_PROBLEMS: Final = 20
"""Problems of one value that are told one by one."""


class Unfit(GeventIOError):
    """A value is not what its annotation asks for."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem[:_PROBLEM_SIZE])


def converter(annotation: Any) -> Convert | None:
    """What checks and converts a value for *annotation*; None where anything will do.

    :raises ConfigurationError: for an annotation that nothing can be checked against, or that needs a library which is
        not installed.
    """
    annotation = _meant(annotation)
    members = list(_members(annotation))
    if any(member in _ANYTHING for member in members):
        return None
    if all(map(_is_plain, members)):
        return _plain(members)
    if _is_pydantics(annotation, {}):
        return _with_pydantic(annotation)
    return _with_msgspec(annotation)


def _meant(annotation: Any) -> Any:
    """What *annotation* is a name of."""
    while True:
        if isinstance(annotation, NewType):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":  # Python 3.12: type Name = ...
            annotation = annotation.__value__
        else:
            return annotation


def _members(annotation: Any) -> Iterator[Any]:
    """The alternatives that *annotation* names, each without what says nothing of its values."""
    annotation = _meant(annotation)
    origin, args = get_origin(annotation), get_args(annotation)
    if annotation is None:
        yield types.NoneType
    elif origin is Annotated and not any(_constrains(item) for item in args[1:]):
        yield from _members(args[0])
    elif origin in (Union, types.UnionType):
        for member in args:
            yield from _members(member)
    elif origin is list and (not args or args[0] in _ANYTHING):
        yield list
    elif origin is dict and (not args or (args[0] in (Any, str) and args[1] in _ANYTHING)):
        yield _TEXT_KEYS if args and args[0] is str else dict
    else:
        yield annotation


def _is_plain(member: Any) -> bool:
    try:
        return member in _PLAIN
    except TypeError:  # it has a constraint that cannot be hashed
        return False


# -- the types of JSON


def _plain(members: list[Any]) -> Convert:
    kinds = tuple({dict if member == _TEXT_KEYS else member for member in members})
    text_keys = _TEXT_KEYS in members and dict not in members
    floats = float in kinds and int not in kinds
    expected = " | ".join("None" if kind is types.NoneType else kind.__name__ for kind in dict.fromkeys(members))

    def convert(value: Any) -> Any:
        if isinstance(value, bool) and bool not in kinds:
            raise Unfit(f"expected {expected}, got bool")
        if isinstance(value, kinds):
            if text_keys and isinstance(value, dict) and not all(isinstance(key, str) for key in value):
                raise Unfit("expected text as keys")
            return value
        if floats and isinstance(value, int):
            try:
                return float(value)
            except OverflowError:
                raise Unfit("number out of range") from None
        raise Unfit(f"expected {expected}, got {type(value).__name__}")

    return convert


# -- msgspec


def _with_msgspec(annotation: Any) -> Convert:
    try:
        import msgspec
        import msgspec.inspect
    except ImportError:
        raise ConfigurationError(
            f"the annotation {_shown(annotation)} needs msgspec: pip install 'geventio[typed]'"
        ) from None

    def convert(value: Any) -> Any:
        try:
            return msgspec.convert(value, annotation, builtin_types=(bytes,), str_keys=True)
        except msgspec.ValidationError as error:
            raise Unfit(str(error)) from error
        # A list as a member of a set, half a surrogate pair where a word is looked up, a value that nests too deeply.
        except (TypeError, ValueError, RecursionError) as error:
            raise Unfit(f"not a value for {_shown(annotation)}") from error

    try:
        unknown = next(_unknown_types(msgspec.inspect.type_info(annotation), msgspec.inspect, set()), None)
        msgspec.convert(None, annotation)  # what it does not support, it says now
    except msgspec.ValidationError:
        pass
    except Exception as error:
        raise ConfigurationError(f"the annotation {_shown(annotation)} cannot be checked: {error}") from error
    if unknown is not None:
        raise ConfigurationError(
            f"the annotation {_shown(annotation)} cannot be checked: no {_shown(unknown)} can be made of what a client "
            "sends; use a dataclass, a TypedDict, a msgspec.Struct or a pydantic model, or leave it out"
        )
    return convert


def _unknown_types(node: Any, inspect: Any, seen: set[int]) -> Iterator[Any]:
    """Classes within a type that msgspec takes as they are: no client can send one."""
    if isinstance(node, tuple):
        for item in node:
            yield from _unknown_types(item, inspect, seen)
    elif isinstance(node, inspect.CustomType):
        if node.cls is not object:
            yield node.cls
    elif isinstance(node, (inspect.Type, inspect.Field)) and id(node) not in seen:
        seen.add(id(node))
        for name in node.__struct_fields__:
            yield from _unknown_types(getattr(node, name), inspect, seen)


# -- pydantic


def _with_pydantic(annotation: Any) -> Convert:
    pydantic = sys.modules["pydantic"]
    try:
        validate = pydantic.TypeAdapter(annotation).validate_python
    except Exception as error:  # an old pydantic has no TypeAdapter
        raise ConfigurationError(f"pydantic cannot check the annotation {_shown(annotation)}: {error}") from error

    def convert(value: Any) -> Any:
        try:
            return validate(value)
        except pydantic.ValidationError as error:
            if error.error_count() > _PROBLEMS:  # as many as the client likes
                raise Unfit(f"{error.error_count()} problems") from error
            problems = error.errors(include_url=False, include_context=False, include_input=False)
            texts = ((".".join(map(str, problem["loc"])), problem["msg"]) for problem in problems)
            raise Unfit("; ".join(f"{path}: {text}" if path else text for path, text in texts)) from error

    return convert


def _constrains(item: Any) -> bool:
    """Whether *item*, which stands in Annotated beside a type, asks something of the values."""
    return type(item).__module__.split(".")[0] == "msgspec" or _is_pydantics_own(item)


def _is_pydantics_own(item: Any) -> bool:
    if sys.modules.get("pydantic") is None:  # nothing of it can exist
        return False
    own = ("pydantic", "pydantic_core", "annotated_types")
    return type(item).__module__.split(".")[0] in own or any(
        hasattr(item, name) for name in ("__get_pydantic_core_schema__", "__pydantic_validator__")
    )


def _is_pydantics(annotation: Any, seen: dict[int, Any]) -> bool:
    """Whether *annotation* is pydantic's, or a class or a container that holds what is."""
    if sys.modules.get("pydantic") is None or id(annotation) in seen:
        return False
    seen[id(annotation)] = annotation
    within: tuple[Any, ...] = get_args(annotation)
    if is_dataclass(annotation) or is_typeddict(annotation) or hasattr(annotation, "_fields"):
        try:
            within += tuple(get_type_hints(annotation, include_extras=True).values())
        except Exception:  # whoever is to check it says what is wrong
            return False
    return _is_pydantics_own(annotation) or any(_is_pydantics(part, seen) for part in within)


def _shown(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)
