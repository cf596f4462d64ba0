"""The mark in a text of a vendor's record by which it is known as ours: its operation, at the end.

What the caller gave as the text itself, a payment's reference for instance, stands before it.
"""

import re
from typing import Final

_MARK: Final = re.compile(r"(?:^|(?<=\S) )(op_[A-Za-z0-9]{1,40})$", re.ASCII)


def marked(operation: str, reference: str | None) -> str:
    """What to write: `op_…`, or `PSP-123 op_…`."""
    return operation if reference is None else f"{reference} {operation}"


def reference_of(identifier: str | None) -> str | None:
    """The caller's part, or all of an identifier that is not ours; None when there is none."""
    return _MARK.sub("", identifier or "").strip() or None


def operation_of(identifier: str | None) -> str | None:
    """The operation that a record was made by, None when it is not ours."""
    found = _MARK.search(identifier or "")
    return None if found is None else found[1]
