"""The names of Next's fields: one table, how certain each name is, and what becomes of one that is not there.

Source: Next's reference of customer invoices describes the fields and prints none of their names. Some are printed on
other pages about invoices, some for sister objects; the rest are guesses, bounded by the alphabetical order of the
reference. So all of them can be corrected in the configuration (`fields`), and are held against the first row.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from invoice_mcp.errors import VendorContract


class Certainty(StrEnum):
    """Where a name comes from."""

    DOCUMENTED = "documented"  # printed by Next for invoices
    PATTERN = "pattern"  # printed for a sister object
    GUESS = "guess"
    UNKNOWN = "unknown"  # no guess: not used until it is configured


class Field(NamedTuple):
    """One field. Without a `needed` one, nothing can be said of an invoice; the others are left out."""

    word: str
    name: str | None
    certainty: Certainty
    needed: bool = False


INVOICE_FIELDS: Final = (
    Field("locked", "locked", Certainty.DOCUMENTED, needed=True),
    Field("number", "invoiceno", Certainty.DOCUMENTED, needed=True),
    Field("invoice_number", "invoicenumber", Certainty.DOCUMENTED, needed=True),
    Field("external_number", "extinvoiceno", Certainty.DOCUMENTED, needed=True),
    Field("customer_id", "customerid", Certainty.PATTERN, needed=True),
    Field("customer_name", "customername", Certainty.PATTERN, needed=True),
    Field("issue_date", "invoicedate", Certainty.GUESS, needed=True),
    Field("due_date", "duedate", Certainty.GUESS, needed=True),
    Field("paid_date", "datepaid", Certainty.GUESS, needed=True),
    Field("invoice_amount", "invoiceamount", Certainty.GUESS, needed=True),
    Field("customer_amount", "customeramount", Certainty.GUESS, needed=True),
    Field("tax_amount", "vatamount", Certainty.GUESS, needed=True),
    Field("credit_note", "creditnote", Certainty.GUESS, needed=True),
    Field("credited_by", "creditinvoiceid", Certainty.GUESS, needed=True),
    Field("created_at", "created", Certainty.PATTERN),
    Field("updated_at", None, Certainty.UNKNOWN),
    Field("title", "title", Certainty.GUESS),
    Field("customer_reference", "customerreference", Certainty.PATTERN),
    Field("customer_vat_number", "customervatno", Certainty.GUESS),
    Field("contractor_vat", "contractorvat", Certainty.PATTERN),
    Field("vat_exempt", "novat", Certainty.PATTERN),
    Field("tax_reduction", "taxreductionamount", Certainty.GUESS),
    Field("payment_reference", "ocrno", Certainty.GUESS),
    Field("status_name", "invoicestatusname", Certainty.GUESS),
    Field("street", "billaddress2", Certainty.PATTERN),
    Field("street_2", "billaddress3", Certainty.PATTERN),
    Field("postal_code", "billaddress4", Certainty.PATTERN),
    Field("city", "billaddress5", Certainty.PATTERN),
    Field("country", "billaddress6", Certainty.PATTERN),
)
"""Of an invoice; its `id` is documented and never another."""

ROW_FIELDS: Final = (
    Field("line_text", "text", Certainty.PATTERN, needed=True),
    Field("line_quantity", "quantity", Certainty.GUESS, needed=True),
    Field("line_price", "priceunit", Certainty.PATTERN, needed=True),
    Field("line_tax_rate", "vatpercent", Certainty.GUESS, needed=True),
    Field("line_amount", "amount", Certainty.GUESS, needed=True),
    Field("line_unit", "unit", Certainty.PATTERN),
)
"""Of a row. Without a needed one, the invoice is shown without its lines."""


@dataclass(frozen=True, slots=True)
class Names:
    """The name of each field by its word, as far as there is one; corrections from the configuration included."""

    of: Mapping[str, str]

    @classmethod
    def corrected(cls, corrections: Mapping[str, str]) -> "Names":
        """The table, with what the configuration says instead."""
        known = {field.word: field.name for field in (*INVOICE_FIELDS, *ROW_FIELDS) if field.name is not None}
        return cls({**known, **corrections, "id": "id"})

    def missing(self, row: Mapping[str, Any], fields: Collection[Field]) -> tuple[Field, ...]:
        """Those of `fields` whose name `row` does not have."""
        return tuple(field for field in fields if self.of.get(field.word) not in row)

    def shown(self, fields: Collection[Field]) -> str:
        """As `datepaid (paid_date), …`."""
        return ", ".join(f"{self.of.get(field.word, '?')} ({field.word})" for field in fields)


@dataclass(frozen=True, slots=True)
class Layout:
    """Which names the rows of this account were seen to have: all that are needed, and not those of `lacking`."""

    names: Names
    lacking: frozenset[str]

    @property
    def known(self) -> tuple[str, ...]:
        """The names that every row has."""
        return tuple(self.names.of[each.word] for each in INVOICE_FIELDS if each.word not in self.lacking)

    @classmethod
    def of(cls, row: Mapping[str, Any], names: Names) -> "Layout":
        """What the first row tells.

        Raises:
            VendorContract: a name that is needed is not there. Read without it, every invoice would look open.
        """
        missing = names.missing(row, INVOICE_FIELDS)
        needed = [field for field in missing if field.needed]
        if needed:
            raise VendorContract(
                f"Next's invoices have no field named {names.shown(needed)}, so nothing is read from them.",
                next="Ask the user to look up the real name in Next's API reference and to set it in the account, as "
                f'fields = {{ {needed[0].word} = "…" }}.',
            )
        return cls(names, frozenset(field.word for field in missing))

    @classmethod
    def assumed(cls, names: Names) -> "Layout":
        """Before any row was seen: as the table has it."""
        return cls(names, frozenset(field.word for field in INVOICE_FIELDS if field.word not in names.of))
