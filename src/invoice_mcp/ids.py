"""Identifiers we give out."""

import secrets


def new_id(prefix: str) -> str:
    """A random id that is never reused: `op_…`, `inv_…`, `pay_…`, `buy_…` (80 bits of randomness)."""
    return f"{prefix}_{secrets.token_hex(10)}"
