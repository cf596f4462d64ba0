"""A working double of Productive's API for invoices."""
