"""The templates: what fills them in, as plain text and as HTML. Every word of a language is in its own folder."""

import functools
from typing import TYPE_CHECKING, Any, Final, Literal

from invoice_mcp.mail import layout

if TYPE_CHECKING:
    from jinja2 import Environment

_KINDS: Final[tuple[Literal["text", "figure"], ...]] = (
    "text",
    "figure",
    "text",
    "figure",
    "figure",
    "figure",
    "figure",
)


def fill_in(template: str, terms: dict[str, Any]) -> str:
    """`template`, one that writes plain text, filled in; parts that the terms leave empty leave no gap."""
    return _spaced(layout.loosened(_text_environment().get_template(template).render(terms)))


def fill_in_page(template: str, terms: dict[str, Any]) -> str:
    """`template`, one that writes HTML, filled in; every term is escaped."""
    return layout.loosened(_page_environment().get_template(template).render(terms)).strip() + "\n"


def load(*templates: str) -> None:
    """Have templates ready by their names: those that end in `.html.j2` for HTML, the others for plain text."""
    for name in templates:
        environment = _page_environment() if name.endswith(".html.j2") else _text_environment()
        environment.get_template(name)


def _spaced(text: str) -> str:
    parts = [part.strip("\n") for part in text.split("\n\n")]
    return "\n\n".join(part for part in parts if part) + "\n"


def _invoice_table(words: Any, lines: list[dict[str, Any]]) -> str:
    headings = (words.description, words.quantity, words.unit, words.price, words.discount, words.vat, words.amount)
    cells = [
        (
            "\n".join([line["item_name"], *(f"  {text}" for text in line["description"])]),
            *(line[name] for name in ("quantity", "unit", "price", "discount", "rate", "amount")),
        )
        for line in lines
    ]
    return layout.table([layout.Column(*column) for column in zip(headings, _KINDS, strict=True)], cells)


def _overdue_table(words: Any, invoices: list[dict[str, Any]]) -> str:
    headings = (words.invoice, words.due_date, words.amount_to_pay, words.payment_reference)
    columns = [layout.Column(heading, "figure") for heading in headings[1:]]
    cells = [
        (each["number"], each["due_date"], each["payable_amount"], each["payment_reference"] or each["number"])
        for each in invoices
    ]
    return layout.table([layout.Column(headings[0], "text"), *columns], cells)


@functools.cache
def _text_environment() -> "Environment":
    environment = _environment(autoescape=False)
    environment.filters["paragraph"] = layout.paragraph
    environment.filters["underlined"] = layout.underlined
    environment.filters["indented"] = layout.indented
    environment.globals["facts"] = layout.facts
    environment.globals["totals"] = layout.totals
    environment.globals["invoice_table"] = _invoice_table
    environment.globals["overdue_table"] = _overdue_table
    return environment


@functools.cache
def _page_environment() -> "Environment":
    return _environment(autoescape=True)


def _environment(*, autoescape: bool) -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("invoice_mcp.mail"),
        autoescape=autoescape,  # noqa: S701  plain text has no markup to break out of
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
