"""OData V4 requests, made of constants and typed values: filters, query options, keys. Pure.

Source: OASIS OData 4.01, part 2 (URL conventions) and its ABNF. What is written here is the part of it that a strict
engine of version 4.0 takes: no `in`, no `has`, literals of the type of the property. A filter is text between two
operators; nothing of a caller's gets into it but inside a literal, whose quotes are doubled. Escaping for the address
is done once, by whoever makes the address.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

Value = str | bool | int | Decimal | dt.datetime | UUID | None
"""What a property can be compared with: Edm.String, Boolean, Int, Double, DateTimeOffset, Guid, and null."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_UNSAYABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition. `joined` is the operator that holds it together where it is made of several."""

    text: str
    joined: str | None = None

    def within(self, operator: str) -> str:
        """As a part of a condition that is joined by `operator`."""
        return self.text if self.joined in (None, operator) else f"({self.text})"


@dataclass(frozen=True, slots=True)
class Expand:
    """A navigation property to be sent along; empty `select` is all of its properties."""

    name: str
    select: tuple[str, ...] = ()

    def written(self) -> str:
        """As it stands in `$expand`."""
        options = f"($select={','.join(map(_named, self.select))})" if self.select else ""
        return _named(self.name) + options


def sayable(text: str) -> bool:
    """Whether `text` can stand in a literal: not empty, no control characters, no half of a surrogate pair."""
    return bool(text) and not _UNSAYABLE.search(text)


def literal(value: Value) -> str:
    """`value` in the spelling of its type.

    Raises:
        ValueError: text that is not `sayable`, a number that is not finite, or an instant without a time zone.
        TypeError: a type that has no place here, a float above all.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            if not value.is_finite():
                raise ValueError("only finite numbers can be compared")
            return f"{value:f}"
        case dt.datetime():
            return _instant(value)
        case UUID():
            return str(value)
        case str():
            if not sayable(value):
                raise ValueError("this text cannot be said in a filter")
            return "'" + value.replace("'", "''") + "'"
        case _:
            raise TypeError(f"{type(value).__name__} has no literal here")


def eq(path: str, value: Value) -> Filter:
    """`path` (names joined by `/`) is `value`."""
    return _compared(path, "eq", value)


def ne(path: str, value: Value) -> Filter:
    """`path` is not `value`. By OData what is null counts; not every engine agrees."""
    return _compared(path, "ne", value)


def gt(path: str, value: Value) -> Filter:
    """`path` is more, or later, than `value`."""
    return _compared(path, "gt", value)


def ge(path: str, value: Value) -> Filter:
    """`path` is `value` or more."""
    return _compared(path, "ge", value)


def lt(path: str, value: Value) -> Filter:
    """`path` is less, or earlier, than `value`."""
    return _compared(path, "lt", value)


def le(path: str, value: Value) -> Filter:
    """`path` is `value` or less."""
    return _compared(path, "le", value)


def contains(path: str, text: str) -> Filter:
    """`text` stands in `path`. Whether case counts is the engine's."""
    return Filter(f"contains({_path(path)},{literal(text)})")


def all_of(*parts: Filter) -> Filter:
    """Every one of `parts`, of which there is at least one."""
    return _joined("and", parts)


def any_of(*parts: Filter) -> Filter:
    """At least one of `parts`, of which there is at least one."""
    return _joined("or", parts)


def options(
    *,
    condition: Filter | None = None,
    expand: Sequence[Expand] = (),
    orderby: Sequence[str] = (),
    top: int | None = None,
    skip: int = 0,
    count: bool = False,
) -> tuple[tuple[str, str], ...]:
    """The query options as pairs, each at most once. A name in `orderby` may end in ` desc`.

    Raises:
        ValueError: a name that is none, `top` below 1 or `skip` below 0.
    """
    if (top is not None and top < 1) or skip < 0:
        raise ValueError("a page has a beginning and at least one row")
    pairs = (
        ("$filter", "" if condition is None else condition.text),
        ("$expand", ",".join(each.written() for each in expand)),
        ("$orderby", ",".join(map(_order, orderby))),
        ("$top", "" if top is None else str(top)),
        ("$skip", str(skip) if skip else ""),
        ("$count", "true" if count else ""),
    )
    return tuple((name, value) for name, value in pairs if value)


def guid(text: str) -> UUID | None:
    """`text` as a Guid in its hyphenated spelling, the only one that engines agree on; None when it is none."""
    return UUID(text) if _GUID.fullmatch(text) else None


def keyed(entity_set: str, key: UUID) -> str:
    """The path segment of one entity: `Activity_Invoice(8f0c…)`."""
    return f"{_named(entity_set)}({key})"


def _compared(path: str, operator: str, value: Value) -> Filter:
    return Filter(f"{_path(path)} {operator} {literal(value)}")


def _joined(operator: str, parts: Sequence[Filter]) -> Filter:
    if not parts:
        raise ValueError("a condition has at least one part")
    if len(parts) == 1:
        return parts[0]
    return Filter(f" {operator} ".join(part.within(operator) for part in parts), operator)


def _path(path: str) -> str:
    return "/".join(map(_named, path.split("/")))


def _order(name: str) -> str:
    return f"{_path(name.removesuffix(' desc'))}{' desc' if name.endswith(' desc') else ''}"


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("not the name of a property")
    return name


def _instant(value: dt.datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("an instant has a time zone")
    exact = value.astimezone(dt.UTC).replace(tzinfo=None)
    return f"{exact.isoformat(timespec='microseconds' if exact.microsecond else 'seconds')}Z"
