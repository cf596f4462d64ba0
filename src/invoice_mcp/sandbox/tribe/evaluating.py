"""What a condition says of an entity: true, false, or, where null has a say, neither."""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from invoice_mcp.sandbox.tribe.book import Book, Entity
from invoice_mcp.sandbox.tribe.model import TYPES
from invoice_mcp.sandbox.tribe.parsing import Call, Literal, Node, Operation, Property
from invoice_mcp.sandbox.tribe.refusals import bad
from invoice_mcp.sandbox.tribe.switches import Switches

Evaluate = Callable[[Entity], Any]

_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_TEXT: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "contains": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}


def condition(node: Node, book: Book, switches: Switches) -> Callable[[Entity], bool]:
    """Whether an entity meets the condition."""
    evaluate = _compiled(node, book, switches)
    return lambda entity: evaluate(entity) is True


def value_of(book: Book, entity: Entity, links: tuple[str, ...], name: str) -> Any:
    """A property at the end of a path; null where a link leads nowhere."""
    here: Entity | None = entity
    for link in links:
        if here is None:
            return None
        target = TYPES[here.set].navigations[link].target
        here = book.all(target).get(here.links.get(link) or "")
    return None if here is None else here.values.get(name)


def _compiled(node: Node, book: Book, switches: Switches) -> Evaluate:
    match node:
        case Literal(value):
            return lambda _: value
        case Property(_, "_Name") if not switches.name_filter:
            raise bad("The property '_Name' cannot be filtered by.")
        case Property(links, name):
            return lambda entity: value_of(book, entity, links, name)
        case Call(name, (first, second)):
            return _call(_TEXT[name], _compiled(first, book, switches), _compiled(second, book, switches), switches)
        case Operation("not", (inner,)):
            return _negated(_compiled(inner, book, switches))
        case Operation("and" | "or" as word, operands):
            return _joined(word, [_compiled(each, book, switches) for each in operands])
        case Operation(word, (first, second)):
            return _compared(word, _compiled(first, book, switches), _compiled(second, book, switches), node, switches)
    raise AssertionError(node)


def _call(test: Callable[[str, str], bool], first: Evaluate, second: Evaluate, switches: Switches) -> Evaluate:
    def evaluate(entity: Entity) -> bool | None:
        text, part = first(entity), second(entity)
        if text is None or part is None:
            return None
        return test(text.casefold(), part.casefold()) if switches.case_insensitive else test(text, part)

    return evaluate


def _negated(inner: Evaluate) -> Evaluate:
    def evaluate(entity: Entity) -> bool | None:
        said = inner(entity)
        return None if said is None else not said

    return evaluate


def _joined(word: str, parts: list[Evaluate]) -> Evaluate:
    deciding = word == "or"

    def evaluate(entity: Entity) -> bool | None:
        said = [part(entity) for part in parts]
        if deciding in said:
            return deciding
        return None if None in said else not deciding

    return evaluate


def _compared(word: str, first: Evaluate, second: Evaluate, node: Operation, switches: Switches) -> Evaluate:
    with_null = any(isinstance(each, Literal) and each.value is None for each in node.operands)

    def evaluate(entity: Entity) -> bool | None:
        left, right = first(entity), second(entity)
        if word in _ORDER:
            return False if left is None or right is None else _ORDER[word](left, right)
        unknown = not switches.null_differs and not with_null and (left is None or right is None)
        return None if unknown else (left == right) is (word == "eq")

    return evaluate
