"""Productive: the invoices of one organisation, through its JSON:API."""
