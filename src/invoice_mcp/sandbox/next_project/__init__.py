"""A double of the Next Project API: customer invoices, their rows, and the token that opens them."""
