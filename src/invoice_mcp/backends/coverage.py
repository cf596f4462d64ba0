"""What a vendor's own documents offer, endpoint by endpoint, and what of it is used: the data of docs/coverage.md.

Each adapter has a module `coverage.py` with one constant, `COVERAGE`. Nothing imports it when serving.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint, as the vendor's document has it.

    Attributes:
        request: method and path, `GET /sales_invoices/{id}`; what varies in a path stands in braces.
        tools: which tools use it; none, when it is out of scope.
        note: what for, or why not.
    """

    request: str
    tools: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """One vendor.

    Attributes:
        vendor: its name.
        document: which of its documents, with the address where it is published.
        endpoints: every endpoint of that document, in its order.
        besides: endpoints of its other documents that are used.
    """

    vendor: str
    document: str
    endpoints: Sequence[Endpoint]
    besides: Sequence[Endpoint] = ()
