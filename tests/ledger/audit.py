"""What must hold of a ledger file whatever happened to it, asked in plain SQL beside the program.

A rule is a query for what breaks it. None of them relies on the constraints of the schema.
"""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import apsw

RULES: Final[Mapping[str, str]] = {
    "the total is the net amount and the VAT": """
        SELECT id FROM invoices WHERE tax_inclusive <> tax_exclusive + tax""",
    "net amount and VAT are the sums of the VAT rows": """
        SELECT id FROM invoices AS i WHERE (tax_exclusive, tax) IS NOT
        (SELECT sum(taxable), sum(x.tax) FROM taxes AS x WHERE invoice_seq = i.seq)""",
    "paid, payable and credited make the total": """
        SELECT id FROM invoices WHERE tax_inclusive <> paid + payable + credited""",
    "what is paid is the sum of the payments that stand": """
        SELECT id FROM invoices AS i WHERE paid <>
        (SELECT coalesce(sum(amount), 0) FROM payments WHERE invoice_seq = i.seq AND undone_at IS NULL)""",
    "no invoice is paid or credited beyond its total": """
        SELECT id FROM invoices WHERE kind = 'invoice' AND payable < 0 OR kind = 'credit_note' AND payable > 0""",
    "what is credited is what its credit notes gave": """
        SELECT id FROM invoices AS i WHERE kind = 'invoice' AND credited <>
        (SELECT -coalesce(sum(credited), 0) FROM invoices AS n WHERE n.credits_seq = i.seq)""",
    "credit notes together never exceed their invoice": """
        SELECT id FROM invoices AS i WHERE kind = 'invoice' AND tax_inclusive <
        (SELECT -coalesce(sum(tax_inclusive), 0) FROM invoices WHERE credits_seq = i.seq AND state = 'issued')""",
    "numbers count from 1 in each year, without gaps": """
        SELECT number_year FROM invoices WHERE number_index IS NOT NULL GROUP BY number_year
        HAVING count(DISTINCT number_index) <> max(number_index) OR min(number_index) <> 1""",
    "no number stands on two invoices": """
        SELECT number FROM invoices WHERE number IS NOT NULL GROUP BY number HAVING count(*) > 1""",
    "dates run with the numbers": """
        SELECT later.id FROM invoices AS later JOIN invoices AS earlier USING (number_year)
        WHERE earlier.number_index < later.number_index AND earlier.issue_date > later.issue_date""",
    "what is issued has a number, and a draft has none": """
        SELECT id FROM invoices WHERE state = 'issued' AND number IS NULL OR state = 'draft' AND number IS NOT NULL""",
    "every payment was written with one operation": """
        SELECT id FROM payments AS p WHERE 1 <> (SELECT count(*) FROM operations WHERE tool = 'register_payment'
        AND result ->> '$.payment.id' = p.id AND result ->> '$.payment.undone' IS NULL)
        + (SELECT count(*) FROM operations AS o, json_each(o.result, '$.payments') AS taken
        WHERE tool = 'import' AND taken.value = p.id)""",
    "every invoice was written with an operation": """
        SELECT id FROM invoices AS i WHERE NOT EXISTS
        (SELECT 1 FROM operations WHERE invoice_seq IN (i.seq, i.credits_seq)
         AND tool IN ('create_invoice', 'import', iif(i.credits_seq IS NULL, NULL, 'change_phase')))""",
    "reminders are counted once each": """
        SELECT id FROM invoices AS i WHERE reminder_count <>
        (SELECT count(*) FROM mails WHERE invoice_seq = i.seq AND purpose = 'reminder' AND outcome <> 'refused')""",
    "what is issued is not edited": """
        SELECT edit.id FROM operations AS edit JOIN operations AS sending USING (invoice_seq)
        WHERE edit.tool = 'create_invoice' AND sending.tool = 'change_phase' AND sending.seq < edit.seq""",
    "nobody is reminded of what is paid": """
        SELECT id FROM operations AS o WHERE tool = 'send_reminder' AND 'paid' =
        (SELECT result ->> '$.after.status' FROM operations AS p WHERE tool = 'register_payment'
         AND p.invoice_seq = o.invoice_seq AND p.seq < o.seq ORDER BY seq DESC LIMIT 1)""",
    "tallies are what the invoices come to": """
        WITH counted AS (SELECT currency, kind, state, number IS NOT NULL, uncollectible_on IS NOT NULL,
            (payable > 0) - (payable < 0), paid <> 0, coalesce(due_date, ''), count(*),
            sum(tax_exclusive >> 32), sum(tax_exclusive & 4294967295), sum(tax >> 32), sum(tax & 4294967295),
            sum(payable >> 32), sum(payable & 4294967295) FROM invoices GROUP BY 1, 2, 3, 4, 5, 6, 7, 8)
        SELECT currency FROM (SELECT * FROM tallies EXCEPT SELECT * FROM counted)
        UNION ALL SELECT currency FROM (SELECT * FROM counted EXCEPT SELECT * FROM tallies)""",
    "no key stands for two operations": """
        SELECT key FROM operations WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1""",
}


def broken_rules(path: Path) -> dict[str, list[Any]]:
    """The rules that the ledger at `path` breaks, each with what breaks it. SQLite's own checks are among them."""
    with closing(apsw.Connection(str(path))) as connection:
        found = {rule: [value for (value,) in connection.execute(query)] for rule, query in RULES.items()}
        found["the file is sound"] = [text for (text,) in connection.execute("PRAGMA integrity_check") if text != "ok"]
        found["references lead somewhere"] = connection.execute("PRAGMA foreign_key_check").fetchall()
    return {rule: offenders for rule, offenders in found.items() if offenders}


def stored(path: Path, query: str) -> list[tuple[Any, ...]]:
    """What a query finds in the ledger at `path`."""
    with closing(apsw.Connection(str(path))) as connection:
        return connection.execute(query).fetchall()
