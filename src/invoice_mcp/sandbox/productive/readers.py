"""Values of a request, checked and turned into what the records hold."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from invoice_mcp.sandbox.productive.exchange import Body, Call
from invoice_mcp.sandbox.productive.refusals import invalid

Reader = Callable[[Any], Any]

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


def attributes_of(body: Body, readers: Mapping[str, Reader], call: Call) -> dict[str, Any]:
    """The attributes that can be written, each through its reader; absent ones stay absent.

    Raises:
        Refusal: a value that cannot be, or (by switch) an attribute that cannot be written.
    """
    values: dict[str, Any] = {}
    for name, raw in body.attributes.items():
        if name in readers:
            try:
                values[name] = readers[name](raw)
            except ValueError as error:
                raise invalid(name, str(error)) from None
        elif call.switches.unknown_attributes == "refused" and not name.endswith("_id"):
            raise invalid(name, "cannot be written", "unsupported_attribute")
    return values


def links_of(body: Body, kinds: Mapping[str, str], call: Call) -> dict[str, str | None]:
    """The related records that are named, by relationship or (by switch) by an attribute as `company_id`.

    Args:
        kinds: the type that each relationship leads to.

    Raises:
        Refusal: there is no such record.
    """
    found: dict[str, str | None] = {}
    for name, kind in kinds.items():
        if name in body.links:
            found[name] = body.links[name]
        elif call.switches.links == "both" and f"{name}_id" in body.attributes:
            given = body.attributes[f"{name}_id"]
            found[name] = None if given is None else str(given)
        linked = found.get(name)
        if linked is not None and linked not in call.desk.organization.all_of(kind):
            raise invalid(name, "does not exist")
    return found


def text(value: Any) -> str | None:
    """A string, or null.

    Raises:
        ValueError: something else.
    """
    if value is None or isinstance(value, str):
        return value or None
    raise ValueError("is not a string")


def day(value: Any) -> dt.date | None:
    """A date, or null.

    Raises:
        ValueError: none.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("is not a date")
    return dt.date.fromisoformat(value[:10])


def number(value: Any) -> Decimal:
    """A number, or a string that holds one.

    Raises:
        ValueError: none.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str) or not _NUMBER.fullmatch(str(value)):
        raise ValueError("is not a number")
    return Decimal(str(value))


def minor(value: Any) -> Decimal:
    """An amount in whole minor units; `"5000.0"` is one.

    Raises:
        ValueError: none.
    """
    amount = number(value)
    if amount != amount.to_integral_value():
        raise ValueError("must be an integer")
    return amount.to_integral_value()


def percentage(value: Any) -> Decimal | None:
    """A discount of 100, or null.

    Raises:
        ValueError: none.
    """
    if value is None:
        return None
    discount = number(value)
    if not 0 <= discount <= 100:
        raise ValueError("must be between 0 and 100")
    return discount


def whole(value: Any) -> int:
    """A whole number.

    Raises:
        ValueError: none.
    """
    return int(minor(value))


def truth(value: Any) -> bool:
    """A boolean.

    Raises:
        ValueError: none.
    """
    if not isinstance(value, bool):
        raise ValueError("is not a boolean")
    return value


def tags(value: Any) -> list[str]:
    """Tags, as a list or as one string with commas.

    Raises:
        ValueError: neither.
    """
    items = value.split(",") if isinstance(value, str) else value or []
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ValueError("is not a list of tags")
    return [item.strip() for item in items if item.strip()]


def addresses(value: Any) -> list[str]:
    """E-mail addresses.

    Raises:
        ValueError: not a list of them.
    """
    items = value or []
    if not isinstance(items, list) or not all(isinstance(item, str) and "@" in item for item in items):
        raise ValueError("is not a list of e-mail addresses")
    return items
