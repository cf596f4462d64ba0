"""Moneybird: sales invoices of one administration, through its API v2."""
