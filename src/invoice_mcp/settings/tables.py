"""Tables of the configuration as data: the keys of a table are the annotated fields of a dataclass.

A field that is a key is written `Annotated[type, reader]`; its default is the key's default, and without one the
key is required. `Annotated[type, reader, "key"]` is for a field that is named otherwise than its key.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from invoice_mcp.settings.readers import Reader, table
from invoice_mcp.settings.where import Where, shown

T = TypeVar("T")


def keys_of(model: type[Any]) -> dict[str, Reader[Any]]:
    """The keys of a table, each with its reader, in the order of the fields."""
    return {_key(field): _annotations(field)[0] for field in _key_fields(model)}


def read_table(keys: Mapping[str, Reader[Any]], value: object, where: Where) -> dict[str, Any]:
    """What `value` gives, by key; what it does not give is absent.

    Raises:
        ConfigError: no table, a key that is not among `keys`, or a value its reader refuses.
    """
    entries = table(value, where)
    for name in entries:
        if name not in keys:
            raise where.at(name).error(f"no such key; {_suggestion(name, keys)}")
    return {name: keys[name](entry, where.at(name)) for name, entry in entries.items()}


def required_keys(model: type[Any]) -> list[str]:
    """The keys that have no default, in the order of the fields."""
    return [
        _key(field)
        for field in _key_fields(model)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]


def build(model: type[T], given: Mapping[str, Any], where: Where, **others: Any) -> T:
    """A `model` from its keys among `given` and from `others`, which are its fields that are no keys.

    Raises:
        ConfigError: a required key is missing.
    """
    for key in required_keys(model):
        if key not in given:
            raise where.at(key).error("missing")
    fields = {field.name: given[_key(field)] for field in _key_fields(model) if _key(field) in given}
    return model(**fields, **others)


def _key_fields(model: type[Any]) -> "list[dataclasses.Field[Any]]":
    return [field for field in dataclasses.fields(model) if _annotations(field)]


def _key(field: "dataclasses.Field[Any]") -> str:
    return str([field.name, *_annotations(field)[1:]][-1])


def _annotations(field: "dataclasses.Field[Any]") -> tuple[Any, ...]:
    return getattr(field.type, "__metadata__", ())


def _suggestion(name: str, known: Mapping[str, object]) -> str:
    import difflib  # only needed on the way out

    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(shown(key) for key in known)}"
