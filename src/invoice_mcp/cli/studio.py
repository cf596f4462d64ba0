"""Whose ledger it is in the demo and in the sandbox."""

from typing import Final

SELLER: Final = """\
[accounts.ledger.seller]
name = "Studio Noord"
street = "Kade 1"
postal_code = "9700 AA"
city = "Groningen"
country_code = "NL"
vat_identifier = "NL001234567B01"
iban = "NL91ABNA0417164300"
email = "hello@example.com"
"""
"""The table of the seller of the account `ledger`."""
