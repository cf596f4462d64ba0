"""No binary floating point where money passes."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "invoice_mcp"
FOLDERS = ("domain", "storage", "backends", "wire", "writes", "service", "tools")
MODULES = sorted(path for folder in FOLDERS for path in (SOURCE / folder).rglob("*.py"))


def floats(tree: ast.AST) -> Iterator[int]:
    """Lines with a float literal, or with `float` anywhere but in a type test, where it serves to refuse one."""
    tested = {
        id(name)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "isinstance"
        for argument in call.args[1:]
        for name in ast.walk(argument)
    }
    for node in ast.walk(tree):
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float | complex)
        if literal or (isinstance(node, ast.Name) and node.id == "float" and id(node) not in tested):
            yield node.lineno
        elif isinstance(node, ast.arg | ast.AnnAssign | ast.FunctionDef | ast.AsyncFunctionDef):
            annotation = node.returns if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else node.annotation
            if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
                yield from (node.lineno for _ in floats(ast.parse(annotation.value)))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_float_in(path: Path) -> None:
    assert list(floats(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_the_money_modules_are_among_those_looked_at() -> None:
    assert {"domain/money.py", "domain/tax.py", "backends/base.py"} <= {
        str(path.relative_to(SOURCE)) for path in MODULES
    }


@pytest.mark.parametrize(
    "code",
    ["x = 0.5", "x = 1e3", "x = float('1')", "x: float = y", "def f(x: float): ...", "def f() -> float | None: ...",
     "x: 'float | None' = y", "async def f() -> 'float': ...", "map(float, rows)"],
)  # fmt: skip
def test_a_float_is_noticed(code: str) -> None:
    assert list(floats(ast.parse(code))) == [1]


@pytest.mark.parametrize("code", ["isinstance(value, float)", "x = 5", "x = '0.5'", "x: Decimal = Decimal('0.5')"])
def test_what_is_no_float_is_let_through(code: str) -> None:
    assert list(floats(ast.parse(code))) == []
