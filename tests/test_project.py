"""What holds for the repository as a whole: nothing unfinished, nothing undocumented, nothing of one machine."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
WRITTEN = sorted(
    path
    for pattern in ("src/**/*", "docs/**/*", "tests/**/*", "examples/*", "benchmarks/**/*", "*.md")
    for path in ROOT.glob(pattern)
    if path.suffix in {".py", ".md", ".toml", ".json", ".html", ".txt", ".j2"}
)

# Each with a class of one character, so that this file does not hold what it looks for.
UNFINISHED = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X])\b|NotImplemented[E]rror")
MACHINE_PATH = re.compile(r"(?<![\w.~}])/(?:root|opt|work|(?:home|Users)/(?!me/)\w+)/")
REGISTRY_HOST = re.compile(r"(?:pypi|pythonhosted|npmjs)\.(?:org|com)\b")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("forbidden", [UNFINISHED, MACHINE_PATH, REGISTRY_HOST], ids=["unfinished", "path", "registry"])
def test_nothing_is_left_unfinished_or_tied_to_one_machine(forbidden: re.Pattern[str]) -> None:
    hits = [
        f"{relative(path)}:{number}: {line.strip()}"
        for path in WRITTEN
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if forbidden.search(line)
    ]
    assert hits == []


def test_every_source_file_can_be_read_in_one_sitting() -> None:
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_every_public_module_says_what_it_is_for() -> None:
    public = [path for path in SOURCES if not path.stem.startswith("_") or path.stem == "__init__"]
    silent = [relative(p) for p in public if not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))]
    assert silent == []


def test_only_the_command_line_prints() -> None:
    printing = [
        f"{relative(path)}:{node.lineno}"
        for path in SOURCES
        if "src/invoice_mcp/cli/" not in path.as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_every_decision_is_listed_once_and_has_its_three_parts() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\((\d{4}-[a-z0-9-]+\.md)\)", index) == [path.name for path in DECISIONS]
    assert len({path.name[:4] for path in DECISIONS}) == len(DECISIONS)
    for path in DECISIONS:
        headings = re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], path.name


def test_the_readme_names_the_two_commands_a_stranger_starts_with() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in readme
    assert "make test" in readme


def test_the_changelog_starts_with_what_is_not_released_yet() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (.+)$", changelog, flags=re.MULTILINE)
    assert sections[0] == "[Unreleased]"


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{relative(path)} -> {target}"
        for path in WRITTEN
        if path.suffix == ".md"
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert broken == []


def test_every_threat_has_a_control_and_a_test_that_exists() -> None:
    text = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (T[0-9]+) \|(.+)\|$", text, flags=re.MULTILINE)
    assert [number for number, _ in rows] == [f"T{number}" for number in range(1, 20)]
    for number, row in rows:
        *_, control, tests = row.split("|")
        assert control.strip(), number
        assert re.search(r"`tests/[a-z_/]+\.py`", tests), number
    named = set(re.findall(r"`(tests/[a-z_/]+\.py)`", text))
    assert {path for path in named if not (ROOT / path).is_file()} == set()
