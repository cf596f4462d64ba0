"""What makes a write recognisable when it comes again, and what follows from recognising it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from invoice_mcp.errors import Conflict, DuplicateSuspected, InvalidRequest, NotFound


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes a write recognisable.

    `fingerprint` is a digest of account, tool and arguments; alone it identifies a write done in the last
    `window_hours` (0 for change_phase, which compares and sets: it is known again only while its outcome is not).
    `key` is the caller's own and never expires.
    `repeat_of` names the operation that is done a second time on purpose. `operation` is the id a new one gets.
    """

    operation: str
    tool: str
    fingerprint: str
    window_hours: int
    key: str | None = None
    repeat_of: str | None = None


Row = Mapping[str, Any]
"""An operation on record: `id`, `tool`, `fingerprint` and `at`, and whatever its journal keeps beside them."""


@dataclass(frozen=True, slots=True)
class KnownOperations:
    """How a journal is asked for operations that still count.

    `by_fingerprint` answers the latest within the window; `unsettled` the latest whose outcome is not known; `by_id`
    any operation of the account.
    """

    by_key: Callable[[str], Row | None]
    by_fingerprint: Callable[[str], Row | None]
    unsettled: Callable[[str], Row | None]
    by_id: Callable[[str], Row | None]


def recognise(identity: Identity, journal: KnownOperations) -> Row | None:
    """The operation that `identity` repeats, None when it is a new one.

    Raises:
        Conflict: the key stands for other arguments.
        DuplicateSuspected: the same arguments were carried out under another key.
        NotFound: `repeat_of` names no operation of this account.
        InvalidRequest: `repeat_of` names one of another tool.
    """
    if identity.key is not None and (found := journal.by_key(identity.key)) is not None:
        if found["fingerprint"] != identity.fingerprint:
            raise Conflict(
                "This idempotency_key was used for other arguments.",
                next="Use a new key for a new write; keep the key and the arguments to repeat the first one.",
                field="idempotency_key",
                operation=found["id"],
            )
        return found
    if identity.window_hours > 0 and (found := journal.by_fingerprint(identity.fingerprint)) is not None:
        if identity.key is not None:
            raise DuplicateSuspected(
                f"The same {identity.tool} was already done at {found['at']}, within duplicate_window_hours.",
                next="If a second one is meant, call again with repeat_of set to this operation.",
                operation=found["id"],
            )
        return found
    if identity.window_hours == 0 and (found := journal.unsettled(identity.fingerprint)) is not None:
        return found  # what may still arrive cannot be compared with yet
    if identity.repeat_of is not None:
        first = journal.by_id(identity.repeat_of)
        advice = "Give the operation that duplicate_suspected or a replayed answer named."
        if first is None:
            raise NotFound("repeat_of names no operation of this account.", next=advice, field="repeat_of")
        if first["tool"] != identity.tool:
            raise InvalidRequest(f"repeat_of names no {identity.tool}.", next=advice, field="repeat_of")
    return None
