"""What became of a message, and what every mailer promises."""

from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final, Literal, Protocol

Channel = Literal["email", "outbox"]

OUTBOX: Final = "outbox"
"""The folder in the state directory where mail waits."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one message.

    `sent`: the mail server took it. `queued`: it lies in the outbox. `refused`: it did not leave, for certain;
    `detail` begins with `temporary` when the server may take it later. `unknown`: it was handed over and the answer
    was lost, so it may have left. `detail` is safe to show: no address, no secret, no text of the server.
    """

    outcome: Literal["sent", "queued", "refused", "unknown"]
    channel: Channel
    detail: str


class Mailer(Protocol):
    """A way out for mail. `sender` is the From of what goes this way."""

    @property
    def channel(self) -> Channel:
        """`email`, or `outbox` where no mail server is configured."""
        ...

    @property
    def sender(self) -> str:
        """An address, with or without a display name."""
        ...

    async def deliver(self, message: EmailMessage) -> Delivery:
        """Try once to get `message` out; never a second time.

        Raises:
            StorageFailed: the outbox cannot be written.
        """
        ...
