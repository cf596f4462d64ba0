"""Refusals of arguments in our own words: short, with the path of what was wrong and what to send instead."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import ErrorDetails

from invoice_mcp.domain.text import check_text
from invoice_mcp.errors import InvalidRequest
from invoice_mcp.tools.examples import EXAMPLES, OBJECTS, ORIGINS, OTHER_NAMES
from invoice_mcp.tools.schema import Schema

Location = Sequence[int | str]
"""Where something stands in the arguments: `("lines", 1, "net_price")`."""

_MOST_PROBLEMS: Final = 3
_SAID_LENGTH: Final = 180
_TOLD_LENGTH: Final = 330
_LIST_LENGTH: Final = 300
_REPEATED_BYTES: Final = 40
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,31}", re.ASCII)

_FORMS: Final = {
    "object": "an object is wanted",
    "array": "a list is wanted",
    "string": "text is wanted",
    "integer": "a whole number is wanted",
    "boolean": "true or false is wanted",
}
_LIMITS: Final = {
    "greater_than_equal": "{ge} at least",
    "less_than_equal": "{le} at most",
    "too_short": "{min_length} at least",
    "too_long": "{max_length} at most",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one argument: its path, a clause that says what is wrong, a sentence that says what to do.

    `got` repeats what was sent, for a refusal that has nothing else to tell.
    """

    field: str | None
    said: str
    wanted: str
    got: str = ""


def refusal(problems: Sequence[Problem]) -> InvalidRequest:
    """One error for all `problems`: the first always, up to three as far as they are short."""
    clauses = _within((problem.said for problem in problems[:_MOST_PROBLEMS]), _SAID_LENGTH)
    if len(problems) == 1:
        clauses[0] += problems[0].got
    left = len(problems) - len(clauses)
    message = "; ".join(clauses) + (f"; and {left} more" if left else "")
    steps = dict.fromkeys(problem.wanted for problem in problems[: len(clauses)])
    return InvalidRequest(
        message + ("" if message.endswith("?") else "."),
        next=" ".join(_within(steps, _TOLD_LENGTH - len(message))),
        field=problems[0].field,
    )


def explained(detail: ErrorDetails, arguments: Any, form: Schema, tool: str) -> Problem:
    """What pydantic found in `arguments`, which were parsed by `form` for `tool`."""
    location, kind = detail["loc"], detail["type"]
    if kind == "extra_forbidden":
        return _unknown_argument(location, form, tool)
    path, wanted = _path(location), _part(form, location)
    remedy = f"Send {path} as {_proposed(location, wanted)}."
    if kind == "missing":
        return Problem(path, f"{path} is missing", remedy)
    if "enum" in wanted:
        what, remedy = "not one of the allowed values", f"Allowed: {_listed(wanted['enum'])}."
    elif kind == "value_error":
        what = str(detail["ctx"]["error"])
    elif kind in _LIMITS:
        what = _LIMITS[kind].format(**detail["ctx"])
        remedy = f"Send fewer {path}." if kind == "too_long" else remedy
    else:
        what = _FORMS[wanted["type"]]
    return Problem(path, f"{path}: {what}", remedy, _got(_value(arguments, location)))


def unknown_account(path: str, name: str, accounts: Sequence[str]) -> Problem:
    """`name`, found at `path`, is none of the configured `accounts`."""
    said = f"{path} names no configured account{_got(name)}{_meant(name, accounts)}"
    return Problem(path, said, f"Accounts: {_listed(accounts)}.")


def example_of(name: str, wanted: Schema) -> Any:
    """A value for the argument `name`, or for one item of it, of the form that is `wanted`."""
    if wanted["type"] == "array":
        return [example_of(name, wanted["items"])]
    return OBJECTS[name] if wanted["type"] == "object" else EXAMPLES[name]


def _path(location: Location) -> str:
    """`location` as it is written in a message: `lines[1].net_price`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).removeprefix(".")


def _got(value: Any) -> str:
    """What a caller sent, if it is a single value, short and plain; else nothing."""
    if not isinstance(value, str | int | float):
        return ""
    text = str(value)
    try:
        check_text(text, _REPEATED_BYTES)
    except ValueError:
        return ""
    return f" (got {_json(value)})" if text.isprintable() and len(text.encode("utf-8")) <= _REPEATED_BYTES else ""


def _listed(names: Iterable[str]) -> str:
    """`names` with commas, as many as fit, and how many more there are."""
    every = list(names)
    shown = _within(every, _LIST_LENGTH)
    return ", ".join(shown) + (f" and {len(every) - len(shown)} more" if len(shown) < len(every) else "")


def _unknown_argument(location: Location, form: Schema, tool: str) -> Problem:
    *parents, name = location
    allowed = list(_part(form, parents)["properties"])
    of = _path(parents) or tool
    wanted = f"{'Properties' if parents else 'Arguments'} of {of}: {_listed(allowed)}."
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return Problem(_path(parents) or None, f"{of} takes no argument of the name that was sent", wanted)
    return Problem(_path(location), f"{of} takes no {name}{_meant(name, allowed)}", wanted)


def _meant(name: str, allowed: Sequence[str]) -> str:
    import difflib  # needed by refusals alone

    word = name.lower()
    close = [OTHER_NAMES[word]] if OTHER_NAMES.get(word) in allowed else difflib.get_close_matches(word, allowed, 1)
    return f"; did you mean {close[0]}?" if close else ""


def _part(form: Schema, location: Location) -> Schema:
    for step in location:
        form = form["items"] if isinstance(step, int) else form["properties"][step]
    return form


def _value(arguments: Any, location: Location) -> Any:
    for step in location:
        arguments = arguments[step]
    return arguments


def _proposed(location: Location, wanted: Schema) -> str:
    name = str(location[-2] if isinstance(location[-1], int) else location[-1])
    return ORIGINS[name] if name in ORIGINS else _json(example_of(name, wanted))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _within(texts: Iterable[str], length: int) -> list[str]:
    """As many of `texts` as fit into `length` characters; the first always."""
    kept: list[str] = []
    for text in texts:
        length -= len(text) + 2
        if kept and length < 0:
            break
        kept.append(text)
    return kept
