"""`$filter`, read by the grammar of OData V4 and the types of a strict engine; what it does not take is 400.

Written here, and not by a library, so that the double runs with what the program itself needs. The tests hold it
against a parser by others.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NoReturn

from invoice_mcp.sandbox.tribe.model import TYPES, Edm, EntityType
from invoice_mcp.sandbox.tribe.refusals import bad

_TOKEN: Final = re.compile(
    r"""(?P<blank>[ \t]+)
    |(?P<text>'(?:[^']|'')*')
    |(?P<guid>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})
    |(?P<instant>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,12})?)?(?:Z|[+-][0-9]{2}:[0-9]{2}))
    |(?P<untyped>[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]*)?)
    |(?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*(?:/[A-Za-z_][A-Za-z0-9_]*)*)
    |(?P<mark>[(),])""",
    re.VERBOSE | re.ASCII,
)
_MAX_DEPTH: Final = 50
_COMPARISONS: Final = ("eq", "ne", "gt", "ge", "lt", "le")
FUNCTIONS: Final = ("contains", "startswith", "endswith")


@dataclass(frozen=True, slots=True)
class Literal:
    """A value. `type` None is null."""

    value: Any
    type: Edm | None


@dataclass(frozen=True, slots=True)
class Property:
    """A property of the entity, or of what `links` lead to."""

    links: tuple[str, ...]
    name: str
    type: Edm


@dataclass(frozen=True, slots=True)
class Call:
    """A function of text that is true or false."""

    name: str
    arguments: tuple["Node", "Node"]
    type: Edm = Edm.BOOLEAN


@dataclass(frozen=True, slots=True)
class Operation:
    """A comparison, `and`, `or`, or `not` with one operand."""

    operator: str
    operands: tuple["Node", ...]
    type: Edm = Edm.BOOLEAN


Node = Literal | Property | Call | Operation


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def parse_filter(text: str, entity_type: EntityType) -> Node:
    """`text` as a condition on entities of this type.

    Raises:
        Refusal: 400, by the grammar or by a type.
    """
    parser = _Parser(list(_tokens(text)), entity_type)
    node = parser.disjunction(0)
    parser.expect_end()
    return _boolean(node)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise bad(f"The expression has an unexpected character at {at}.")
        if found.lastgroup == "untyped":
            raise bad("A literal of DateTimeOffset has a time and a time zone.")
        yield _Token(found.lastgroup, found[0])
        at = found.end()


class _Parser:
    def __init__(self, tokens: list[_Token], entity_type: EntityType) -> None:
        self._tokens = tokens
        self._at = 0
        self._type = entity_type

    def expect_end(self) -> None:
        self._blanks()
        if self._at < len(self._tokens):
            self._unexpected()

    def disjunction(self, depth: int) -> Node:
        return self._chain("or", self._conjunction, depth)

    def _conjunction(self, depth: int) -> Node:
        return self._chain("and", self._comparison, depth)

    def _chain(self, operator: str, part: Callable[[int], Node], depth: int) -> Node:
        parts = [part(depth)]
        while self._operator(operator):
            parts.append(part(depth))
        return parts[0] if len(parts) == 1 else Operation(operator, tuple(map(_boolean, parts)))

    def _comparison(self, depth: int) -> Node:
        left = self._unary(depth)
        for operator in _COMPARISONS:
            if self._operator(operator):
                right = self._unary(depth)
                _check_comparable(operator, left, right)
                return Operation(operator, (left, right))
        return left

    def _unary(self, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise bad("The expression is nested too deep.")
        self._blanks()
        token = self._take()
        match token:
            case _Token("word", "not"):
                return Operation("not", (_boolean(self._unary(depth + 1)),))
            case _Token("mark", "("):
                inner = self.disjunction(depth + 1)
                self._mark(")")
                return inner
            case _Token("word", "true" | "false"):
                return Literal(token.text == "true", Edm.BOOLEAN)
            case _Token("word", "null"):
                return Literal(None, None)
            case _Token("word"):
                return self._call(token.text, depth) if self._peek() == _Token("mark", "(") else self._path(token.text)
            case _Token("text"):
                return Literal(token.text[1:-1].replace("''", "'"), Edm.STRING)
            case _Token("guid"):
                return Literal(token.text.lower(), Edm.GUID)
            case _Token("number"):
                return Literal(Decimal(token.text), Edm.DOUBLE)
            case _Token("instant"):
                return Literal(read_instant(token.text), Edm.INSTANT)
            case _:
                self._unexpected()

    def _call(self, name: str, depth: int) -> Node:
        if name not in FUNCTIONS:
            raise bad(f"The function '{name}' is not supported.")
        self._mark("(")
        first = self._unary(depth + 1)
        self._mark(",")
        second = self._unary(depth + 1)
        self._mark(")")
        if {getattr(first, "type", None), getattr(second, "type", None)} != {Edm.STRING}:
            raise bad(f"The parameters of '{name}' are text.")
        return Call(name, (first, second))

    def _path(self, path: str) -> Property:
        *links, name = path.split("/")
        here = self._type
        for link in links:
            navigation = here.navigations.get(link)
            if navigation is None or navigation.many:
                raise bad(f"The property '{link}', used in a query expression, is not a single navigation property.")
            here = TYPES[navigation.target]
        if name in here.navigations and not here.navigations[name].many:
            return Property((*links, name), "ID", Edm.GUID)
        if name not in here.properties:
            raise bad(f"The property '{name}', used in a query expression, is not defined in type '{here.type_name}'.")
        return Property(tuple(links), name, here.properties[name])

    def _operator(self, word: str) -> bool:
        """Whether `word` comes next as an operator, with a blank on both sides; it is taken then."""
        sides = [token.kind for token in self._tokens[self._at : self._at + 3]]
        if sides[:2] != ["blank", "word"] or self._tokens[self._at + 1].text != word or sides[2:] != ["blank"]:
            return False
        self._at += 3
        return True

    def _mark(self, mark: str) -> None:
        self._blanks()
        if self._take() != _Token("mark", mark):
            self._unexpected()

    def _blanks(self) -> None:
        while self._at < len(self._tokens) and self._tokens[self._at].kind == "blank":
            self._at += 1

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self) -> _Token | None:
        token = self._peek()
        self._at += 1
        return token

    def _unexpected(self) -> NoReturn:
        raise bad("The expression is not one by the grammar of OData.")


def _boolean(node: Node) -> Node:
    if node.type is not Edm.BOOLEAN:
        raise bad("An expression of type Edm.Boolean is expected.")
    return node


def _check_comparable(operator: str, left: Node, right: Node) -> None:
    if None in (left.type, right.type):
        if operator not in ("eq", "ne"):
            raise bad(f"The operator '{operator}' does not take null.")
    elif left.type is not right.type:
        raise bad(f"Types '{left.type}' and '{right.type}' are not compatible.")
    elif left.type is Edm.BOOLEAN and operator not in ("eq", "ne"):
        raise bad(f"The operator '{operator}' does not take Edm.Boolean.")


def read_instant(text: str) -> dt.datetime:
    """A DateTimeOffset in UTC.

    Raises:
        Refusal: 400, it is none.
    """
    try:
        instant = dt.datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        pass
    raise bad("The literal is none of type Edm.DateTimeOffset.")
