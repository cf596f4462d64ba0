"""What a call to a vendor comes to: a reply, or one of the two ends that an adapter has to make sense of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from invoice_mcp.errors import Unauthorized


@dataclass(frozen=True, slots=True)
class Reply:
    """A 2xx answer. Header names are in lower case; `json` is None when there was no body.

    Numbers in `json` are `int` or `Decimal`, never `float`.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    json: Any = field(repr=False)


class Refusal(Exception):
    """The vendor understood and refused for good: a 4xx other than 401, 408, 425 and 429. Nothing was done.

    For the adapter to turn into an error of `invoice_mcp.errors`. `json` is the decoded body, None when it had none
    that can be read; it is the vendor's text, and no part of it belongs into a message.
    """

    def __init__(self, status: int, json: Any) -> None:
        super().__init__(f"the vendor refused with status {status}")
        self.status = status
        self.json = json


class NotAccepted(Unauthorized):
    """A 401 that stood, though the credentials were fetched anew where they can be.

    `json` is the decoded body, None when it had none that can be read; it is the vendor's text, and no part of it
    belongs into a message. `expired`: the answer says that the token was right once (RFC 6750, section 3).
    """

    def __init__(self, said: Unauthorized, json: Any, *, expired: bool) -> None:
        super().__init__(said.message, next=said.next)
        self.json = json
        self.expired = expired


class ClientNotAccepted(Unauthorized):
    """The service that hands out tokens gives none; of its answer (RFC 6749, section 5.2) this much is kept.

    `lacks_scope`: the client is known and may not have what was asked for. `expired`: what it signs in with was right
    once.
    """

    def __init__(self, said: Unauthorized, *, lacks_scope: bool, expired: bool) -> None:
        super().__init__(said.message, next=said.next)
        self.lacks_scope = lacks_scope
        self.expired = expired


class LostAnswer(Exception):
    """A write left, and what came of it is not known: no answer, an unreadable one, or a 5xx. Only for writes.

    `json` is the decoded body of a 5xx, None when it had none that can be read; it is the vendor's text.
    """

    def __init__(self, reason: str, json: Any = None) -> None:
        super().__init__(reason)
        self.json = json
