"""The schema of a ledger file, as migrations: entry n brings a file from version n to n + 1.

Amounts are integers in minor units of the row's currency; a credit note's are negative. Quantities, prices and
percentages are decimal text. Dates are `YYYY-MM-DD`, instants RFC 3339 UTC, both as text.

How the money columns of an invoice relate, always, by CHECK where a row can say it:
`tax_inclusive = tax_exclusive + tax`, `payable = tax_inclusive - paid - credited`. `credited` is what credit notes
took off an invoice (positive there), and what a credit note gave to its invoice (negative there).

`documents` holds what went to the buyer, deflated (zlib) UTF-8; a row is written once and never changed.
"""

from typing import Final

from invoice_mcp.storage.ledger_tallies import TALLIES

APPLICATION_ID: Final = 0x494E5643
"""SQLite's application_id of our ledger files: "INVC"."""

_FIRST = """
CREATE TABLE buyers (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    email TEXT,
    email_confirmed INTEGER NOT NULL DEFAULT 0 CHECK (email_confirmed IN (0, 1)),
    vat_identifier TEXT,
    street TEXT,
    postal_code TEXT,
    city TEXT,
    country_code TEXT,
    language TEXT,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX buyers_name ON buyers (name_key);

CREATE TABLE invoices (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    state TEXT NOT NULL CHECK (state IN ('draft', 'issued', 'cancelled')),
    number TEXT UNIQUE,
    number_key TEXT,
    number_year INTEGER,
    number_index INTEGER,
    issue_date TEXT,
    due_date TEXT,
    payment_terms_days INTEGER NOT NULL,
    currency TEXT NOT NULL,
    buyer_seq INTEGER NOT NULL REFERENCES buyers (seq),
    buyer_name TEXT NOT NULL,
    buyer_key TEXT NOT NULL,
    buyer_vat_identifier TEXT,
    buyer_street TEXT,
    buyer_postal_code TEXT,
    buyer_city TEXT,
    buyer_country_code TEXT,
    buyer_reference TEXT,
    payment_reference TEXT,
    subject TEXT NOT NULL,
    note TEXT,
    language TEXT NOT NULL,
    tax_basis TEXT NOT NULL CHECK (tax_basis IN ('exclusive', 'inclusive')),
    tax_exclusive INTEGER NOT NULL,
    tax INTEGER NOT NULL,
    tax_inclusive INTEGER NOT NULL,
    paid INTEGER NOT NULL DEFAULT 0,
    credited INTEGER NOT NULL DEFAULT 0,
    payable INTEGER NOT NULL,
    paid_on TEXT,
    paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
    dubious_on TEXT,
    uncollectible_on TEXT,
    credits_seq INTEGER REFERENCES invoices (seq),
    sent_at TEXT,
    sent_channel TEXT,
    sent_to TEXT,
    reminder_count INTEGER NOT NULL DEFAULT 0,
    last_reminder_at TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    CHECK (tax_inclusive = tax_exclusive + tax),
    CHECK (payable = tax_inclusive - paid - credited),
    CHECK ((state = 'issued') <= (number IS NOT NULL AND issue_date IS NOT NULL)),
    CHECK (kind = 'invoice' OR tax_inclusive <= 0),
    UNIQUE (number_year, number_index)
) STRICT;
CREATE INDEX invoices_issue_date ON invoices (issue_date, seq);
CREATE INDEX invoices_due_date ON invoices (due_date, seq);
CREATE INDEX invoices_payable ON invoices (currency, payable, seq);
CREATE INDEX invoices_inclusive ON invoices (currency, tax_inclusive, seq);
CREATE INDEX invoices_buyer ON invoices (buyer_key, seq);
CREATE INDEX invoices_buyer_seq ON invoices (buyer_seq, seq);
CREATE INDEX invoices_number_key ON invoices (number_key);
CREATE INDEX invoices_updated_at ON invoices (updated_at, seq);
CREATE INDEX invoices_paid_on ON invoices (paid_on) WHERE paid_on IS NOT NULL;
CREATE INDEX invoices_credits ON invoices (credits_seq) WHERE credits_seq IS NOT NULL;
CREATE INDEX invoices_reference ON invoices (buyer_reference) WHERE buyer_reference IS NOT NULL;
CREATE INDEX invoices_unsettled_issue ON invoices (issue_date, seq)
    WHERE state = 'issued' AND payable <> 0 AND uncollectible_on IS NULL;
CREATE INDEX invoices_unsettled_due ON invoices
    (due_date, seq, currency, buyer_seq, kind, state, uncollectible_on, tax_exclusive, tax, paid, payable)
    WHERE state = 'issued' AND payable <> 0 AND uncollectible_on IS NULL;
CREATE INDEX invoices_not_issued ON invoices (state) WHERE state <> 'issued';
CREATE INDEX invoices_uncollectible ON invoices (uncollectible_on) WHERE uncollectible_on IS NOT NULL;

CREATE TABLE lines (
    invoice_seq INTEGER NOT NULL REFERENCES invoices (seq) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    item_name TEXT NOT NULL,
    description TEXT,
    quantity TEXT NOT NULL,
    unit TEXT,
    net_price TEXT NOT NULL,
    discount_percent TEXT NOT NULL,
    tax_category TEXT NOT NULL,
    tax_rate TEXT NOT NULL,
    net_amount INTEGER NOT NULL,
    PRIMARY KEY (invoice_seq, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE taxes (
    invoice_seq INTEGER NOT NULL REFERENCES invoices (seq) ON DELETE CASCADE,
    tax_category TEXT NOT NULL,
    tax_rate TEXT NOT NULL,
    taxable INTEGER NOT NULL,
    tax INTEGER NOT NULL,
    PRIMARY KEY (invoice_seq, tax_category, tax_rate)
) STRICT, WITHOUT ROWID;

CREATE TABLE payments (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    invoice_seq INTEGER NOT NULL REFERENCES invoices (seq),
    amount INTEGER NOT NULL CHECK (amount > 0),
    paid_on TEXT NOT NULL,
    method TEXT,
    reference TEXT,
    created_at TEXT NOT NULL,
    undone_at TEXT
) STRICT;
CREATE INDEX payments_invoice ON payments (invoice_seq);

CREATE TABLE mails (
    seq INTEGER PRIMARY KEY,
    message_id TEXT NOT NULL UNIQUE,
    invoice_seq INTEGER NOT NULL REFERENCES invoices (seq),
    purpose TEXT NOT NULL CHECK (purpose IN ('invoice', 'reminder')),
    tone TEXT,
    recipient TEXT NOT NULL,
    language TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('email', 'outbox')),
    outcome TEXT NOT NULL CHECK (outcome IN ('pending', 'sent', 'queued', 'refused', 'unknown')),
    created_at TEXT NOT NULL,
    settled_at TEXT
) STRICT;
CREATE INDEX mails_invoice ON mails (invoice_seq, purpose);

CREATE TABLE phases (
    seq INTEGER PRIMARY KEY,
    invoice_seq INTEGER NOT NULL REFERENCES invoices (seq),
    phase TEXT NOT NULL,
    from_status TEXT NOT NULL,
    to_status TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX phases_invoice ON phases (invoice_seq);

CREATE TABLE operations (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tool TEXT NOT NULL,
    key TEXT UNIQUE,
    fingerprint TEXT,
    repeat_of TEXT,
    invoice_seq INTEGER REFERENCES invoices (seq),
    result TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX operations_fingerprint ON operations (fingerprint, at) WHERE fingerprint IS NOT NULL;
CREATE INDEX operations_at ON operations (at);
CREATE INDEX operations_invoice ON operations (invoice_seq);

CREATE VIRTUAL TABLE invoice_text USING fts5 (
    body, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 2", prefix='2 3'
);
"""

_DOCUMENTS = """
CREATE TABLE documents (
    invoice_seq INTEGER PRIMARY KEY REFERENCES invoices (seq),
    language TEXT NOT NULL,
    html BLOB NOT NULL,
    text BLOB NOT NULL,
    made_at TEXT NOT NULL
) STRICT;
CREATE TRIGGER documents_stay_as_they_are BEFORE UPDATE ON documents
BEGIN SELECT RAISE(ABORT, 'a document is made once'); END;
CREATE TRIGGER documents_stay BEFORE DELETE ON documents
BEGIN SELECT RAISE(ABORT, 'a document is made once'); END;
"""

# One mail may be about several invoices: its id stands once for each of them, no longer once in all.
_MAILS_ABOUT_SEVERAL = """
CREATE TABLE mails_with_shared_ids (
    seq INTEGER PRIMARY KEY,
    message_id TEXT NOT NULL,
    invoice_seq INTEGER NOT NULL REFERENCES invoices (seq),
    purpose TEXT NOT NULL CHECK (purpose IN ('invoice', 'reminder')),
    tone TEXT,
    recipient TEXT NOT NULL,
    language TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('email', 'outbox')),
    outcome TEXT NOT NULL CHECK (outcome IN ('pending', 'sent', 'queued', 'refused', 'unknown')),
    created_at TEXT NOT NULL,
    settled_at TEXT,
    UNIQUE (message_id, invoice_seq)
) STRICT;
INSERT INTO mails_with_shared_ids
SELECT seq, message_id, invoice_seq, purpose, tone, recipient, language, channel, outcome, created_at, settled_at
FROM mails;
DROP TABLE mails;
ALTER TABLE mails_with_shared_ids RENAME TO mails;
CREATE INDEX mails_invoice ON mails (invoice_seq, purpose);
"""

_WORDS = "CREATE VIRTUAL TABLE invoice_words USING fts5vocab('invoice_text', 'instance')"

MIGRATIONS: Final[tuple[str, ...]] = (_FIRST, TALLIES, _WORDS, _DOCUMENTS, _MAILS_ABOUT_SEVERAL)
