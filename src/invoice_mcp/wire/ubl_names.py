"""Names of UBL 2.1 that reading and writing share: namespaces, documents, units of measure."""

from collections.abc import Mapping
from typing import Final

from invoice_mcp.domain.status import Kind

INVOICE: Final = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
CREDIT_NOTE: Final = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"
CAC: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"

PREFIXES: Final[dict[str, str]] = {"cac": CAC, "cbc": CBC}

ROOTS: Final[Mapping[str, Kind]] = {
    f"{{{INVOICE}}}Invoice": Kind.INVOICE,
    f"{{{CREDIT_NOTE}}}CreditNote": Kind.CREDIT_NOTE,
}

UNITS: Final[Mapping[str, str]] = {
    "C62": "piece",
    "H87": "piece",
    "EA": "piece",
    "HUR": "hour",
    "MIN": "minute",
    "DAY": "day",
    "WEE": "week",
    "MON": "month",
    "ANN": "year",
    "KGM": "kg",
    "MTR": "m",
    "MTK": "m2",
    "LTR": "l",
    "KMT": "km",
    "KWH": "kWh",
}
"""UN/ECE Recommendation 20 codes with the words used here; the first code of a word is the one written."""

NO_UNIT: Final = "C62"
"""The unit of a quantity without one: EN 16931 wants a code (BT-130)."""
