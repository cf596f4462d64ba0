"""YSuite's External API: invoices and the contacts they are for."""
