"""From the arguments a model sends to a request, or to one refusal in plain words.

What is plain is put in form first: an object or a list sent as a JSON string, a blank for "not given", one value
where a list is meant, `"true"`, `"20"`. What is left is parsed strictly.
"""

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from invoice_mcp.domain.invoice import Ref
from invoice_mcp.domain.requests import Request
from invoice_mcp.errors import InvalidRequest, TooLarge
from invoice_mcp.tools.definition import Tool
from invoice_mcp.tools.refusals import Problem, explained, refusal, unknown_account
from invoice_mcp.tools.rules import broken_rules
from invoice_mcp.tools.schema import Schema, arguments_schema

R = TypeVar("R", bound=Request)

MAX_BYTES: Final = 256 * 1024
"""The arguments of one call: their text in UTF-8, and one for whatever else they hold."""
MAX_DEPTH: Final = 16
"""Objects and lists inside each other."""
MAX_EXACT: Final = 10**15
"""A whole number from here on may have been rounded before it arrived."""

_WIDEST_BITS: Final = 128
_BLANKS: Final = " \t\r\n"
_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_SWITCH: Final = {"true": True, "false": False}


def parse(tool: Tool[R], arguments: Mapping[str, Any], accounts: Sequence[str]) -> R:
    """The request that `arguments` state. `accounts` are all that are configured, whatever they can do.

    Raises:
        InvalidRequest: something is missing, unknown, malformed or contradicts something else. The message has up
            to three problems, `field` is the path of the first, `next` says what to send instead.
        TooLarge: more than `MAX_BYTES`.
    """
    _check_extent(arguments)
    form = _form(tool.request)
    tidied = _tidy(arguments, form)
    try:
        request = tool.request.model_validate(tidied)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise refusal([explained(detail, tidied, form, tool.name) for detail in details]) from None
    problems = [*_unknown_accounts(tool, request, accounts), *broken_rules(request)]
    if problems:
        raise refusal(problems)
    return request


_form = functools.cache(arguments_schema)


def _check_extent(arguments: Any) -> None:
    """Refuse what is too large or too deep, without recursion."""
    waiting = [(arguments, 1)]
    size = 0
    while waiting:
        value, depth = waiting.pop()
        size += _length(value) if isinstance(value, str) else 1
        if size > MAX_BYTES:
            raise TooLarge(f"The arguments are larger than {MAX_BYTES // 1024} KiB.", next="Send less in one call.")
        if isinstance(value, int) and value.bit_length() > _WIDEST_BITS:
            raise InvalidRequest("A number has more digits than any argument takes.", next="Send a smaller number.")
        if not isinstance(value, Mapping | list):
            continue
        if depth > MAX_DEPTH:
            raise InvalidRequest(f"The arguments are more than {MAX_DEPTH} levels deep.", next="Send them less nested.")
        inner = [part for pair in value.items() for part in pair] if isinstance(value, Mapping) else value
        waiting += [(part, depth + 1) for part in inner]


def _length(text: str) -> int:
    try:
        return len(text.encode("utf-8"))
    except UnicodeEncodeError:
        raise InvalidRequest("The arguments hold half a character (a lone surrogate).", next="Leave it out.") from None


def _tidy(value: Any, form: Schema) -> Any:
    """`value` in the form asked for where its meaning is plain, else as it is; None where it says nothing."""
    if isinstance(value, str) and (not value or value.isspace()):
        return None
    return _TIDY[form["type"]](value, form)


def _tidy_object(value: Any, form: Schema) -> Any:
    value = _decoded(value, "{")
    if not isinstance(value, Mapping):
        return value
    known = form["properties"]
    tidied = {name: _tidy(inner, known[name]) if name in known else inner for name, inner in value.items()}
    return {name: inner for name, inner in tidied.items() if name not in known or inner not in (None, {}, [])}


def _tidy_list(value: Any, form: Schema) -> Any:
    value = _decoded(value, "[")
    if isinstance(value, str | Mapping):
        value = [value]
    if not isinstance(value, list):
        return value
    items = [_tidy(item, form["items"]) for item in value]
    return None if all(item is None for item in items) else items


def _tidy_text(value: Any, _form: Schema) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < MAX_EXACT:
        return str(value)
    return value.strip(_BLANKS) if isinstance(value, str) else value


def _tidy_whole_number(value: Any, _form: Schema) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value.strip(_BLANKS)) else value


def _tidy_switch(value: Any, _form: Schema) -> Any:
    return _SWITCH.get(value.strip(_BLANKS).lower(), value) if isinstance(value, str) else value


_TIDY: Final[Mapping[str, Callable[[Any, Schema], Any]]] = {
    "object": _tidy_object,
    "array": _tidy_list,
    "string": _tidy_text,
    "integer": _tidy_whole_number,
    "boolean": _tidy_switch,
}


def _decoded(value: Any, opening: str) -> Any:
    """What a string holds that is JSON and begins with `opening`; its numbers stay as they were written."""
    if not isinstance(value, str) or not value.lstrip(_BLANKS).startswith(opening):
        return value
    try:
        decoded = json.loads(value, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return value
    _check_extent(decoded)
    return decoded


def _unknown_accounts(tool: Tool[Any], request: Request, accounts: Sequence[str]) -> Iterator[Problem]:
    for name, value in request:
        for path, item in _items(name, value):
            account = item.account if isinstance(item, Ref) else item
            if (isinstance(item, Ref) or name in tool.account_arguments) and account not in accounts:
                yield unknown_account(path, account, accounts)


def _items(name: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, list):
        return [(f"{name}[{index}]", item) for index, item in enumerate(value)]
    return [] if value is None else [(name, value)]
