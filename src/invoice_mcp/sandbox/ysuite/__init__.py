"""A working double of YSuite's External API, as far as invoices and the contacts on them go."""
