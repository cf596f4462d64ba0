"""References that banks read: IBANs (ISO 13616) and creditor references (ISO 11649).

python-stdnum knows the check digits and every country's account structure; it is imported when first asked.
"""

import contextlib
import re
from typing import Final

from invoice_mcp.domain.text import fold

SEED_LENGTH: Final = 21
"""Letters and digits an ISO 11649 reference has after `RF` and its two check digits, at most."""

_PLAIN = re.compile(r"[A-Za-z0-9 .-]{1,60}", re.ASCII)
_REFERENCE = re.compile(r"RF[0-9]{2}[A-Z0-9]{1,21}", re.ASCII)
_NO_SEED_CHARACTER = re.compile(r"[^A-Z0-9]", re.ASCII)


def iban_or_error(text: str) -> str:
    """`text` as a compact IBAN in capitals; blanks, dots and dashes between its characters are allowed.

    Raises:
        ValueError: no IBAN, or its check digits do not fit.
    """
    from stdnum import iban

    if _PLAIN.fullmatch(text):
        with contextlib.suppress(ValueError):
            return iban.validate(text, check_country=False)  # lists of banks go out of date, check digits do not
    raise ValueError("an IBAN is written like NL91ABNA0417164300; its check digits have to fit")


def format_iban(iban: str) -> str:
    """A compact IBAN in groups of four, as on paper."""
    return " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))


def payment_reference(seed: str) -> str:
    """The ISO 11649 creditor reference made of the letters and digits of `seed`, an invoice number.

    Of a longer seed the last 21 are taken: numbers count at their end.

    Raises:
        ValueError: the seed has neither letters nor digits of ASCII.
    """
    from stdnum.iso7064 import mod_97_10

    body = _NO_SEED_CHARACTER.sub("", fold(seed).upper())[-SEED_LENGTH:]
    if not body:
        raise ValueError("a payment reference needs a letter or a digit")
    return f"RF{mod_97_10.calc_check_digits(body + 'RF')}{body}"


def is_payment_reference(text: str) -> bool:
    """Whether `text` is a compact ISO 11649 creditor reference whose check digits fit."""
    from stdnum import iso11649

    return _REFERENCE.fullmatch(text) is not None and iso11649.is_valid(text)
