"""The exchanges in ``vectors.json``, which the official npm packages produced, as values for parametrised tests."""

import datetime
import json
from pathlib import Path
from typing import Any

VECTORS = json.loads(Path(__file__).parents[1].joinpath("vectors.json").read_text(encoding="utf-8"))["vectors"]

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def revive(value: Any) -> Any:
    """Return *value* with bytes for ``$bin``, None for ``$undefined``, a datetime for ``$date_ms``."""
    if isinstance(value, list):
        return [revive(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"$bin": digits}:
            return bytes.fromhex(digits)
        case {"$undefined": True}:
            return None
        case {"$date_ms": milliseconds}:
            return EPOCH + datetime.timedelta(milliseconds=milliseconds)
        case _:
            return {key: revive(item) for key, item in value.items()}


def encoded(vector: dict[str, Any]) -> Any:
    """Return what goes over the wire: str, bytes, or a list of them."""
    if vector["encoding"] == "frames":
        return [frame["utf8"] if "utf8" in frame else bytes.fromhex(frame["hex"]) for frame in vector["encoded"]]
    return bytes.fromhex(vector["encoded"]) if vector["encoding"] == "hex" else vector["encoded"]


def suite(*names: str) -> dict[str, Any]:
    """Return the arguments of ``pytest.mark.parametrize`` for the vectors of the suites *names*."""
    vectors = [vector for vector in VECTORS if vector["suite"] in names]
    assert vectors, names
    return {"argnames": "vector", "argvalues": vectors, "ids": [f"{v['suite']}-{v['name']}" for v in vectors]}
