"""Next (Next Project, Next One Technology): customer invoices of builders, read, and marked as paid."""
