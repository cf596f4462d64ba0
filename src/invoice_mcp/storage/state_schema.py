"""The schema of the state database, which several server processes share, as migrations: entry n brings n to n + 1."""

from typing import Final

APPLICATION_ID: Final = 0x494E5653
"""SQLite's application_id of our state files: "INVS"."""

_FIRST = """
CREATE TABLE pending (
    token_hash TEXT PRIMARY KEY,
    binding TEXT NOT NULL,
    plans TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_expires_at ON pending (expires_at);

CREATE TABLE operations (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    tool TEXT NOT NULL,
    key TEXT,
    fingerprint TEXT NOT NULL,
    repeat_of TEXT,
    state TEXT NOT NULL CHECK (state IN ('under_way', 'done', 'refused', 'unknown')),
    deadline_at TEXT NOT NULL,
    at TEXT NOT NULL,
    settled_at TEXT
) STRICT;
CREATE UNIQUE INDEX operations_key ON operations (account, key) WHERE key IS NOT NULL AND state <> 'refused';
CREATE INDEX operations_fingerprint ON operations (account, fingerprint, at);
CREATE INDEX operations_open ON operations (account, state) WHERE state IN ('under_way', 'unknown');
CREATE INDEX operations_at ON operations (account, at);

CREATE TABLE steps (
    operation_seq INTEGER NOT NULL REFERENCES operations (seq),
    number INTEGER NOT NULL,
    step TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'sent', 'done', 'refused')),
    invoice_id TEXT,
    result TEXT,
    sent_at TEXT,
    settled_at TEXT,
    PRIMARY KEY (operation_seq, number)
) STRICT, WITHOUT ROWID;
"""

_SNAPSHOTS = """
CREATE TABLE snapshots (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    caller TEXT NOT NULL,
    question TEXT NOT NULL,
    continues TEXT,
    body TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX snapshots_expires_at ON snapshots (expires_at);
CREATE INDEX snapshots_continues ON snapshots (continues) WHERE continues IS NOT NULL;
"""

_AUDIT = """
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    client TEXT NOT NULL,
    tool TEXT NOT NULL,
    account TEXT NOT NULL,
    ref TEXT,
    outcome TEXT NOT NULL,
    operation TEXT
) STRICT;
CREATE INDEX audit_begun ON audit (account, at) WHERE outcome = 'begun';
CREATE TRIGGER audit_forgets_nothing BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;
CREATE TRIGGER audit_changes_nothing BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;
CREATE TRIGGER audit_replaces_nothing BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq) BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;

CREATE INDEX steps_invoice_id ON steps (invoice_id) WHERE invoice_id IS NOT NULL;
DELETE FROM pending;
"""
# Without the third trigger INSERT OR REPLACE would take a row's place without deleting it, as far as triggers see.
# What was pending was kept without what the person had been shown of the invoice; ten minutes are lost at most.

_LET_IN = """
CREATE TABLE let_in (
    account TEXT NOT NULL,
    base_url TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (account, base_url)
) STRICT, WITHOUT ROWID;
"""

MIGRATIONS: Final[tuple[str, ...]] = (_FIRST, _SNAPSHOTS, _AUDIT, _LET_IN)
