"""What the server costs a model before and between its calls."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pytest

from invoice_mcp.errors import InvoiceError
from invoice_mcp.server.instructions import AccountLine, instructions
from invoice_mcp.tools import TOOLS
from invoice_mcp.tools.arguments import parse
from tools.calls import ACCOUNTS, CONTRADICTIONS, LEAST, TOOL, compact, tools_list
from tools.tokens import count_tokens, needs_tokenizer

LIST_TOKENS: Final = 2_400
LIST_BYTES: Final = 10_440
"""Each budget of bytes stands in for its budget of tokens: o200k takes 4.35 bytes of this list for a token."""

INSTRUCTIONS_TOKENS: Final = 350
INSTRUCTIONS_BYTES: Final = 1_500

REFUSAL_TOKENS: Final = 120
REFUSAL_BYTES: Final = 440

SIX_ACCOUNTS: Final = [
    AccountLine("ledger", "ledger", "EUR", "full", None),
    AccountLine("crm", "tribe", None, "read_only", None),
    AccountLine("books", "moneybird", None, "read_only", None),
    AccountLine("ysuite", "ysuite", "EUR", "read_only", None),
    AccountLine("site", "next", "SEK", "read_only", None),
    AccountLine("agency", "productive", None, "read_only", None),
]

NASTY: Final = (
    "zQ9#x~K2-7vW!p3_Lm8&Yt5^Rb1*Hs6+Jd4$Gf0.",
    "x" * 99,
    10**14 + 7,
    1.5e99,
    [[1]],
    {"x": 1},
    "ledgr:7",
    "2026-02-30",
    -1,
)
"""Values hardly any argument takes; the first is as long as a refusal repeats, and as dear in tokens as text gets."""


def refusal_of(name: str, arguments: dict[str, Any]) -> str | None:
    try:
        parse(TOOL[name], arguments, ACCOUNTS)
    except InvoiceError as error:
        return compact(error.as_dict())
    return None


def refusals() -> Iterator[str]:
    """Every argument of every tool with values it does not take, alone and three at a time; unknown ones; clashes."""
    for tool in TOOLS:
        names = [*tool.request.model_fields, "unheard_of", "xK2_7vWp3_Lm8Yt5Rb1Hs6Jd4Gf0_Zq9c"]
        triples = zip(names, names[1:], names[2:], strict=False)
        sent = [{name: value} for name in names for value in NASTY]
        sent += [dict.fromkeys(triple, NASTY[0]) for triple in triples]
        yield from filter(None, (refusal_of(tool.name, {**LEAST[tool.name], **changed}) for changed in sent))
    yield from filter(None, (refusal_of(name, arguments) for name, arguments, _ in CONTRADICTIONS))


@pytest.fixture(scope="module")
def told() -> Sequence[str]:
    texts = list(refusals())
    assert len(texts) > 300
    return texts


def test_the_list_of_tools_fits_its_budget_of_bytes() -> None:
    assert len(compact({"tools": tools_list()}).encode()) <= LIST_BYTES


@needs_tokenizer
def test_the_list_of_tools_fits_its_budget_of_tokens() -> None:
    [tokens] = count_tokens([compact({"tools": tools_list()})])
    assert tokens <= LIST_TOKENS


def test_the_instructions_fit_their_budget_of_bytes() -> None:
    assert len(instructions(SIX_ACCOUNTS).encode()) <= INSTRUCTIONS_BYTES


@needs_tokenizer
def test_the_instructions_fit_their_budget_of_tokens() -> None:
    [tokens] = count_tokens([instructions(SIX_ACCOUNTS)])
    assert tokens <= INSTRUCTIONS_TOKENS


def test_every_refusal_fits_its_budget_of_bytes(told: Sequence[str]) -> None:
    assert max(len(text.encode()) for text in told) <= REFUSAL_BYTES


@needs_tokenizer
def test_every_refusal_fits_its_budget_of_tokens(told: Sequence[str]) -> None:
    longest = max(zip(count_tokens(told), told, strict=True))
    assert longest[0] <= REFUSAL_TOKENS, longest
