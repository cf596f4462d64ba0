"""Groups of countries by their ISO 3166-1 codes, as of 2026."""

from typing import Final

EU: Final = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
        "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip
"""The European Union, where Directive 2006/112/EC is the law on VAT."""

EEA: Final = EU | {"IS", "LI", "NO"}
"""The European Economic Area, where an IBAN alone says which bank is meant (Regulation (EU) No 260/2012)."""
