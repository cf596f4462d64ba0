"""The vocabulary and the arithmetic of invoices. Pure: no I/O, no async, nothing of any vendor."""
