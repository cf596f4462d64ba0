"""What changes a ledger, one SQL statement each. The rules are the backend's; the transaction is the engine's."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from invoice_mcp.domain.invoice import Address, Party
from invoice_mcp.domain.text import fold, number_key
from invoice_mcp.storage.rows import row, rows

if TYPE_CHECKING:
    import apsw

_BUYER_COLUMNS = ("id", "name", "email", "vat_identifier", "street", "postal_code", "city", "country_code", "language")

_INSERT_BUYER = """
INSERT INTO buyers (id, name, name_key, email, email_confirmed, vat_identifier, street, postal_code, city,
                    country_code, language, created_at)
VALUES (:id, :name, :name_key, :email, :email_confirmed, :vat_identifier, :street, :postal_code, :city,
        :country_code, :language, :created_at)
RETURNING seq
"""

_SELECT_BUYER = """
SELECT seq, id, name, email, email_confirmed, vat_identifier, street, postal_code, city, country_code, language
FROM buyers WHERE id = ?
"""

_INSERT_INVOICE = """
INSERT INTO invoices (id, kind, state, due_date, issue_date, payment_terms_days, currency, buyer_seq, buyer_name,
                      buyer_key, buyer_vat_identifier, buyer_street, buyer_postal_code, buyer_city,
                      buyer_country_code, buyer_reference, subject, note, language, tax_basis, tax_exclusive, tax,
                      tax_inclusive, payable, credits_seq, created_at, updated_at)
VALUES (:id, :kind, 'draft', :due_date, :issue_date, :payment_terms_days, :currency, :buyer_seq, :buyer_name,
        :buyer_key, :buyer_vat_identifier, :buyer_street, :buyer_postal_code, :buyer_city,
        :buyer_country_code, :buyer_reference, :subject, :note, :language, :tax_basis, :tax_exclusive, :tax,
        :tax_inclusive, :tax_inclusive, :credits_seq, :at, :at)
RETURNING seq
"""

_UPDATE_DRAFT = """
UPDATE invoices SET
    due_date = :due_date, issue_date = :issue_date, payment_terms_days = :payment_terms_days, currency = :currency,
    buyer_seq = :buyer_seq, buyer_name = :buyer_name, buyer_key = :buyer_key,
    buyer_vat_identifier = :buyer_vat_identifier, buyer_street = :buyer_street,
    buyer_postal_code = :buyer_postal_code, buyer_city = :buyer_city, buyer_country_code = :buyer_country_code,
    buyer_reference = :buyer_reference, subject = :subject, note = :note, language = :language,
    tax_basis = :tax_basis, tax_exclusive = :tax_exclusive, tax = :tax, tax_inclusive = :tax_inclusive,
    payable = :tax_inclusive, credits_seq = :credits_seq, updated_at = :at, version = version + 1
WHERE seq = :seq
"""

_INSERT_LINE = """
INSERT INTO lines (invoice_seq, position, item_name, description, quantity, unit, net_price, discount_percent,
                   tax_category, tax_rate, net_amount)
VALUES (:invoice_seq, :position, :item_name, :description, :quantity, :unit, :net_price, :discount_percent,
        :tax_category, :tax_rate, :net_amount)
"""

_INDEX_TEXT = """
INSERT OR REPLACE INTO invoice_text (rowid, body)
SELECT seq, concat_ws(char(10), number, buyer_name, buyer_reference,
                      (SELECT group_concat(concat_ws(char(10), item_name, description), char(10))
                       FROM lines WHERE invoice_seq = seq))
FROM invoices WHERE seq = ?
"""

_SELECT_LINES = """
SELECT item_name, description, quantity, unit, net_price, discount_percent, tax_category, tax_rate
FROM lines WHERE invoice_seq = ? ORDER BY position
"""

_SELECT_HEAD = """
SELECT seq, id, kind, state, number, number_year, number_index, issue_date, due_date, payment_terms_days, currency,
       buyer_seq, buyer_reference, note, language, tax_basis, tax_inclusive, paid, credited, payable, paused,
       dubious_on, uncollectible_on, credits_seq, sent_channel, sent_to, version,
       (SELECT id FROM buyers WHERE seq = buyer_seq) AS buyer_id
FROM invoices WHERE id = ?
"""

_ISSUE = """
UPDATE invoices SET state = 'issued', number = :number, number_key = :number_key, number_year = :number_year,
       number_index = :number_index, issue_date = :issue_date, due_date = :due_date,
       payment_reference = :payment_reference, updated_at = :at,
       version = version + 1
WHERE seq = :seq
"""

_LAST_NUMBER = """
SELECT number_index, issue_date FROM invoices WHERE number_year = ? ORDER BY number_index DESC LIMIT 1
"""


_LOOK_ALIKES = """
SELECT i.id, i.number, i.state,
       (SELECT o.id FROM operations o WHERE o.invoice_seq = i.seq AND o.tool = 'create_invoice' LIMIT 1) AS operation
FROM invoices i
WHERE i.buyer_seq = :buyer_seq AND i.currency = :currency AND i.tax_inclusive = :tax_inclusive AND i.kind = :kind
  AND i.state <> 'cancelled' AND i.created_at >= :since
ORDER BY i.seq DESC LIMIT 5
"""


def buyer_by_id(connection: "apsw.Connection", buyer_id: str) -> tuple[int, Party] | None:
    """The buyer's row number and the buyer."""
    found = row(connection, _SELECT_BUYER, (buyer_id,))
    if found is None:
        return None
    address = Address(found["street"], found["postal_code"], found["city"], found["country_code"])
    party = Party(
        name=found["name"],
        id=found["id"],
        email=found["email"],
        email_confirmed=bool(found["email_confirmed"]),
        vat_identifier=found["vat_identifier"],
        address=address,
        language=found["language"],
    )
    return found["seq"], party


def insert_buyer(connection: "apsw.Connection", buyer: Mapping[str, Any], *, confirmed: bool, at: str) -> int:
    """Add a buyer; its row number."""
    values = {name: buyer.get(name) for name in _BUYER_COLUMNS}
    values |= {"name_key": fold(buyer["name"]), "email_confirmed": int(confirmed), "created_at": at}
    return int(connection.execute(_INSERT_BUYER, values).get)


def confirm_buyer_address(connection: "apsw.Connection", buyer_id: str) -> bool:
    """Mark the address on file as accepted by a person; whether there was one to mark."""
    connection.execute("UPDATE buyers SET email_confirmed = 1 WHERE id = ? AND email IS NOT NULL", (buyer_id,))
    return connection.changes() == 1


def insert_invoice(connection: "apsw.Connection", values: Mapping[str, Any]) -> int:
    """Add a draft; its row number."""
    return int(connection.execute(_INSERT_INVOICE, dict(values)).get)


def update_draft(connection: "apsw.Connection", seq: int, values: Mapping[str, Any]) -> None:
    """Rewrite a draft's head."""
    connection.execute(_UPDATE_DRAFT, {**values, "seq": seq})


def insert_lines(
    connection: "apsw.Connection",
    seq: int,
    lines: Sequence[Mapping[str, Any]],
    taxes: Sequence[tuple[str, str, int, int]],
) -> None:
    """Add the lines and the tax rows (category, rate, taxable, tax in minor units) of an invoice."""
    for position, line in enumerate(lines, 1):
        connection.execute(_INSERT_LINE, {**line, "invoice_seq": seq, "position": position})
    for tax in taxes:
        connection.execute("INSERT INTO taxes VALUES (?, ?, ?, ?, ?)", (seq, *tax))


def delete_lines(connection: "apsw.Connection", seq: int) -> None:
    """Take the lines and the tax rows of a draft away."""
    connection.execute("DELETE FROM lines WHERE invoice_seq = ?", (seq,))
    connection.execute("DELETE FROM taxes WHERE invoice_seq = ?", (seq,))


def write_text(connection: "apsw.Connection", seq: int) -> None:
    """Index what an invoice can be found by: number, buyer, reference, items."""
    connection.execute(_INDEX_TEXT, (seq,))


def head(connection: "apsw.Connection", invoice_id: str) -> dict[str, Any] | None:
    """The columns of an invoice that the rules of writing need."""
    return row(connection, _SELECT_HEAD, (invoice_id,))


def invoice_id_of(connection: "apsw.Connection", seq: int) -> str:
    """The id of the invoice with this row number."""
    return str(connection.execute("SELECT id FROM invoices WHERE seq = ?", (seq,)).get)


def line_inputs(connection: "apsw.Connection", seq: int) -> list[dict[str, Any]]:
    """The lines of an invoice as they were typed."""
    return rows(connection, _SELECT_LINES, (seq,))


def last_number(connection: "apsw.Connection", year: int) -> tuple[int, str | None]:
    """The highest number given in `year` (0 when none was) and that invoice's issue date."""
    last = connection.execute(_LAST_NUMBER, (year,)).fetchone()
    return (0, None) if last is None else (last[0], last[1])


def number_exists(connection: "apsw.Connection", number: str) -> bool:
    """Whether an invoice carries this number."""
    return connection.execute("SELECT 1 FROM invoices WHERE number = ?", (number,)).fetchone() is not None


def issued_under(connection: "apsw.Connection", number: str) -> dict[str, Any] | None:
    """What tells the invoice of this number from others."""
    sql = "SELECT id, kind, currency, issue_date, tax_inclusive, buyer_name FROM invoices WHERE number = ?"
    return row(connection, sql, (number,))


def number_runs(connection: "apsw.Connection") -> list[tuple[int, int, int]]:
    """For each year with numbers of the book's own form: the year, the highest count, and how many there are."""
    sql = """SELECT number_year, max(number_index), count(*) FROM invoices WHERE number_index IS NOT NULL
    GROUP BY number_year ORDER BY number_year"""
    return [(year, last, count) for year, last, count in connection.execute(sql)]


def issue(connection: "apsw.Connection", seq: int, values: Mapping[str, Any]) -> None:
    """Give a draft its number and its dates."""
    connection.execute(_ISSUE, {**values, "seq": seq, "number_key": number_key(values["number"])})


def set_sent_to(connection: "apsw.Connection", seq: int, channel: str, recipient: str | None, at: str) -> None:
    """Record how an issued invoice went to its buyer."""
    connection.execute(
        "UPDATE invoices SET sent_channel = ?, sent_to = ?, sent_at = ?, version = version + 1 WHERE seq = ?",
        (channel, recipient, at, seq),
    )


def set_state(connection: "apsw.Connection", seq: int, state: str, at: str) -> None:
    """Move an invoice to another state."""
    connection.execute(
        "UPDATE invoices SET state = ?, updated_at = ?, version = version + 1 WHERE seq = ?", (state, at, seq)
    )


def set_marks(connection: "apsw.Connection", seq: int, marks: Mapping[str, Any], at: str) -> None:
    """Set the marks beside the state: paused (0 or 1), dubious_on, uncollectible_on (dates or None)."""
    connection.execute(
        "UPDATE invoices SET paused = :paused, dubious_on = :dubious_on, uncollectible_on = :uncollectible_on, "
        "updated_at = :at, version = version + 1 WHERE seq = :seq",
        {**marks, "at": at, "seq": seq},
    )


def add_credit(connection: "apsw.Connection", seq: int, amount: int, at: str) -> None:
    """Settle `amount` minor units of an invoice by a credit note (negative on the credit note's own side)."""
    connection.execute(
        "UPDATE invoices SET credited = credited + :amount, payable = payable - :amount, updated_at = :at, "
        "version = version + 1 WHERE seq = :seq",
        {"amount": amount, "at": at, "seq": seq},
    )


def credited_total(connection: "apsw.Connection", seq: int) -> int:
    """What issued credit notes take off an invoice, in minor units, as a positive number."""
    sql = "SELECT coalesce(sum(-tax_inclusive), 0) FROM invoices WHERE credits_seq = ? AND state = 'issued'"
    return int(connection.execute(sql, (seq,)).get)


def insert_payment(connection: "apsw.Connection", values: Mapping[str, Any]) -> None:
    """Record money received and take it off what is payable."""
    connection.execute(
        "INSERT INTO payments (id, invoice_seq, amount, paid_on, method, reference, created_at) "
        "VALUES (:id, :invoice_seq, :amount, :paid_on, :method, :reference, :at)",
        dict(values),
    )
    _settle(connection, values["invoice_seq"], values["amount"], values["at"])


def payment(connection: "apsw.Connection", seq: int, payment_id: str) -> dict[str, Any] | None:
    """A payment of this invoice that still stands."""
    return row(
        connection,
        "SELECT id, amount, paid_on, method, reference FROM payments "
        "WHERE invoice_seq = ? AND id = ? AND undone_at IS NULL",
        (seq, payment_id),
    )


def payment_stands(connection: "apsw.Connection", payment_id: str) -> bool:
    """Whether this payment was not taken back."""
    sql = "SELECT 1 FROM payments WHERE id = ? AND undone_at IS NULL"
    return connection.execute(sql, (payment_id,)).fetchone() is not None


def undo_payment(connection: "apsw.Connection", seq: int, payment_id: str, amount: int, at: str) -> None:
    """Take a payment back; its row stays, marked."""
    connection.execute("UPDATE payments SET undone_at = ? WHERE id = ?", (at, payment_id))
    _settle(connection, seq, -amount, at)


def _settle(connection: "apsw.Connection", seq: int, amount: int, at: str) -> None:
    connection.execute(
        "UPDATE invoices SET paid = paid + :amount, payable = payable - :amount, updated_at = :at, "
        "version = version + 1, paid_on = CASE WHEN payable - :amount = 0 THEN (SELECT max(paid_on) FROM payments "
        "WHERE invoice_seq = :seq AND undone_at IS NULL) END WHERE seq = :seq",
        {"amount": amount, "at": at, "seq": seq},
    )


def insert_phase(connection: "apsw.Connection", seq: int, phase: str, moved: tuple[str, str], at: str) -> None:
    """Append to the history of phases: `moved` is (from status, to status)."""
    connection.execute(
        "INSERT INTO phases (invoice_seq, phase, from_status, to_status, at) VALUES (?, ?, ?, ?, ?)",
        (seq, phase, *moved, at),
    )


def look_alikes(connection: "apsw.Connection", values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Invoices of this buyer_seq, currency, tax_inclusive (minor units) and kind, made on or after `since`."""
    return rows(connection, _LOOK_ALIKES, dict(values))


_OPERATION = "SELECT id, tool, key, fingerprint, invoice_seq, result, at FROM operations "
_BY_KEY = _OPERATION + "WHERE key = ?"
_BY_ID = _OPERATION + "WHERE id = ?"
_EDITED_SINCE = """
SELECT 1 FROM operations AS this JOIN operations AS later ON later.invoice_seq = this.invoice_seq
WHERE this.id = ? AND later.seq > this.seq AND later.tool = 'create_invoice' LIMIT 1
"""
_BY_FINGERPRINT = _OPERATION + "WHERE fingerprint = ? AND at >= ? ORDER BY seq DESC LIMIT 1"


def operation_by_key(connection: "apsw.Connection", key: str) -> dict[str, Any] | None:
    """The operation that was done under this key."""
    return _operation(row(connection, _BY_KEY, (key,)))


def operation_by_id(connection: "apsw.Connection", operation: str) -> dict[str, Any] | None:
    """The operation with this id."""
    return _operation(row(connection, _BY_ID, (operation,)))


def operation_by_fingerprint(connection: "apsw.Connection", fingerprint: str, since: str) -> dict[str, Any] | None:
    """The latest operation with this fingerprint since then."""
    return _operation(row(connection, _BY_FINGERPRINT, (fingerprint, since)))


def edited_since(connection: "apsw.Connection", operation: str) -> bool:
    """Whether the invoice that this operation wrote was edited by a later one."""
    return connection.execute(_EDITED_SINCE, (operation,)).fetchone() is not None


def _operation(found: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if found is None else {**found, "result": json.loads(found["result"])}


def insert_operation(connection: "apsw.Connection", values: Mapping[str, Any]) -> None:
    """Record an operation, in the transaction of its effect."""
    connection.execute(
        "INSERT INTO operations (id, tool, key, fingerprint, repeat_of, invoice_seq, result, at) "
        "VALUES (:id, :tool, :key, :fingerprint, :repeat_of, :invoice_seq, :result, :at)",
        {**values, "result": json.dumps(values["result"], ensure_ascii=False)},
    )


def update_operation(connection: "apsw.Connection", operation: str, result: Mapping[str, Any]) -> None:
    """Complete the answer of an operation whose mail has been settled."""
    connection.execute(
        "UPDATE operations SET result = ? WHERE id = ?", (json.dumps(result, ensure_ascii=False), operation)
    )


def release_operation(connection: "apsw.Connection", operation: str) -> None:
    """Forget an operation that certainly had no effect, so that the same call is a new attempt."""
    connection.execute("DELETE FROM operations WHERE id = ?", (operation,))
