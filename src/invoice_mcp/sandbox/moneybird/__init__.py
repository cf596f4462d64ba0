"""A working double of Moneybird's API v2, for the scope of sales invoices and what is needed to write them."""
