"""A double of Tribe CRM's OData interface, as far as invoices need it."""
