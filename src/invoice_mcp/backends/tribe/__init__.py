"""Tribe CRM: the invoices of one tenant, over OData V4."""
