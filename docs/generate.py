"""Writes docs/coverage.md: what works with which system, and what becomes of each endpoint of the vendors' documents.

Both come from the adapters: their `capabilities.py` and `coverage.py`. `python docs/generate.py` writes the page, with
`--check` it says whether the page is as it would be written.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from invoice_mcp.backends import registry
from invoice_mcp.backends.base import Capabilities, Support
from invoice_mcp.backends.coverage import Coverage, Endpoint

PAGE = Path(__file__).with_name("coverage.md")

_HEAD = """\
# What works with which system

This page is written by `make docs` from the adapters themselves; do not edit it.

`native`: the system does it. `emulated`: it is done here, over what the system does. `inferred`: it rests on a reading
of the vendor's documents that nobody has confirmed; the system's own page says which. Beside it: what limits it.
"""
_ENDPOINTS = """\

## The vendors' endpoints

Every endpoint of each vendor's document on invoices: the tools that use it, or why none does. A test plays through all
that the tools can do and compares what was asked of the vendor with these tables."""


def page() -> str:
    """The whole page."""
    known: dict[str, Capabilities] = {}
    for name in registry.ADAPTERS:
        capabilities = registry.capabilities(name)
        assert capabilities is not None
        known[name] = capabilities
    covered = {name: coverage_of(name) for name, capabilities in known.items() if not capabilities.own_journal}
    return "\n".join(
        [_HEAD, *_features(known), _ENDPOINTS, *(line for each in covered.values() for line in _vendor(each))]
    )


def coverage_of(name: str) -> Coverage:
    """What the adapter of this name says about its vendor's endpoints."""
    coverage = import_module(f"{registry.ADAPTERS[name].package}.coverage").COVERAGE
    assert isinstance(coverage, Coverage)
    return coverage


def _features(known: Mapping[str, Capabilities]) -> Iterable[str]:
    tools = next(iter(known.values())).tools
    yield from _table(
        ("", *known),
        [(f"`{tool}`", *(_support(each.tools[tool]) for each in known.values())) for tool in tools],
    )
    yield ""
    yield from _table(
        ("", *known),
        [
            ("drafts", *("yes" if each.drafts else "no" for each in known.values())),
            ("payments", *(_payments(each) for each in known.values())),
            ("phases", *(_words(each.phases) for each in known.values())),
            ("filtered by the system itself", *(_words(sorted(each.filters)) for each in known.values())),
            ("sorted by the system itself", *(_words(sorted(each.sorts)) for each in known.values())),
            ("what proves a write afterwards", *(_markers(each) for each in known.values())),
        ],
    )


def _vendor(coverage: Coverage) -> Iterable[str]:
    yield f"\n### {coverage.vendor}\n\n{coverage.document}\n"
    yield from _table(("endpoint", "tools", ""), map(_endpoint, coverage.endpoints))
    if coverage.besides:
        yield "\nAnd of its other documents:\n"
        yield from _table(("endpoint", "tools", ""), map(_endpoint, coverage.besides))


def _endpoint(endpoint: Endpoint) -> tuple[str, ...]:
    return (f"`{endpoint.request}`", ", ".join(endpoint.tools) or "none", endpoint.note)


def _support(support: Support) -> str:
    return f"**{support.level}**" + (f": {support.reason}" if support.reason else "")


def _payments(capabilities: Capabilities) -> str:
    how = {"full": "in full", "part": "in full and in part", "no": "no"}[capabilities.payments]
    return how + (", taken back" if capabilities.undo_payments else "")


def _markers(capabilities: Capabilities) -> str:
    if capabilities.own_journal:
        return "recorded in the same transaction"
    return "; ".join(f"{tool}: {mark}" for tool, mark in capabilities.markers.items()) or "nothing"


def _words(words: Sequence[str]) -> str:
    return ", ".join(words) or "none"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield _row(head)
    yield "|" + "---|" * len(head)
    for row in rows:
        yield _row(row)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> int:
    written = page() + "\n"
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(written, "utf-8")
    elif PAGE.read_text("utf-8") != written:
        print("docs/coverage.md is not what the adapters say; write it with: make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
