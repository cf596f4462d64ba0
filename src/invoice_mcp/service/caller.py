"""Who is calling, and what can be asked of them while the call runs."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reply:
    """A person's answer to the question that was asked under `token` in an earlier round of this call."""

    token: str
    agreed: bool


class Caller(Protocol):
    """The client at the other end, as far as a tool needs it."""

    @property
    def client(self) -> str:
        """The client's own name, for the audit; empty when it gave none."""
        ...

    @property
    def can_ask(self) -> bool:
        """Whether the client can put a question to a person."""
        ...

    @property
    def reply(self) -> Reply | None:
        """The answer that came with this round; None in a first round."""
        ...

    async def ask(self, question: str, token: str) -> bool:
        """Put a question to the person; whether they agree.

        A protocol that answers in a later round ends this one here, by an exception of its own that passes through
        the tool; the call then comes again with the answer and `token` as its `reply`.
        """
        ...

    async def progress(self, done: int, total: int, message: str) -> None:
        """Report progress; nothing happens when the client did not ask for it."""
        ...
