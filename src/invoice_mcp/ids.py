"""Identifiers we give out."""

import secrets
from typing import Final

_LOWEST: Final = 10**17


def new_id(prefix: str) -> str:
    """A random id that is never reused: `op_…`, `inv_…`, `pay_…`, `buy_…` and 18 digits (59 bits of randomness).

    Digits, because a model reads and repeats them in a third of the tokens that letters and digits mixed would take.
    """
    return f"{prefix}_{_LOWEST + secrets.randbelow(9 * _LOWEST)}"
