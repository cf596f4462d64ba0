"""The embedded ledger: an invoice book in one SQLite file."""
