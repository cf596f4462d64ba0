"""Values reach SQL as parameters: no statement is made by formatting."""

import ast
import re
from pathlib import Path

import pytest

SOURCES = sorted((Path(__file__).resolve().parents[2] / "src").rglob("*.py"))
STATEMENT = re.compile(r"\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|WHERE|ORDER BY|PRAGMA)\b")


def formatted(source: str) -> list[int]:
    """The lines in which a text that reads like SQL is put together from values."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            parts = [str(part.value) for part in node.values if isinstance(part, ast.Constant)]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant):
            parts = [str(node.left.value)]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            parts = [str(node.func.value.value)] if isinstance(node.func.value, ast.Constant) else []
        else:
            continue
        if STATEMENT.search(" ".join(parts)):
            lines.append(node.lineno)
    return lines


def test_no_statement_is_formatted() -> None:
    hits = [f"{path.name}:{line}" for path in SOURCES for line in formatted(path.read_text(encoding="utf-8"))]
    assert hits == []


@pytest.mark.parametrize(
    "source",
    ['f"SELECT * FROM a WHERE b = {c}"', '"DELETE FROM a WHERE b = %s" % c', '"UPDATE a SET b = {}".format(c)'],
)
def test_one_that_is_formatted_is_noticed(source: str) -> None:
    assert formatted(source) == [1]
