"""Request bodies: JSON in which a Decimal is the number it is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Json = bool | int | Decimal | str | Mapping[str, Any] | Sequence[Any] | None
"""What can be sent. A Decimal becomes a JSON number, digit by digit; an amount a vendor wants quoted is a `str`."""


@dataclass(frozen=True, slots=True)
class JsonText:
    """A body that is JSON already, and is sent as it stands."""

    text: str


def encode_json(value: Json | JsonText) -> bytes:
    """`value` as compact UTF-8 JSON.

    Raises:
        TypeError: there is something in it that is not in `Json`, a float above all.
        ValueError: a Decimal in it is not finite.
    """
    return (value.text if isinstance(value, JsonText) else _written(value)).encode()


def _written(value: Json) -> str:
    match value:
        case None | bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case int():
            return str(value)
        case Decimal():
            if not value.is_finite():
                raise ValueError("only finite numbers can be sent")
            return f"{value:f}"
        case Mapping():
            return "{" + ",".join(f"{_name(name)}:{_written(item)}" for name, item in value.items()) + "}"
        case Sequence() if not isinstance(value, (bytes, bytearray)):
            return "[" + ",".join(map(_written, value)) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise TypeError("a name in a JSON object is text")
    return json.dumps(name, ensure_ascii=False)
