"""What the tenant's phases mean: a table in the configuration, since every tenant has its own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from invoice_mcp.backends.tribe.wire import Phase as WirePhase
from invoice_mcp.domain.status import UNPAID, Phase, Status, spelled
from invoice_mcp.errors import Conflict, Unsupported

STATUS_OF: Final[Mapping[Phase, Status]] = {
    Phase.SENT: Status.OPEN,
    Phase.UNCOLLECTIBLE: Status.UNCOLLECTIBLE,
    Phase.CANCELLED: Status.CANCELLED,
}
"""The status whose phase a phase of ours leads to."""

_BY_LABEL: Final[Mapping[str, Status]] = {phase.value: status for phase, status in STATUS_OF.items()}
_MOVABLE: Final = frozenset({Status.DRAFT, Status.SCHEDULED, Status.UNKNOWN, *UNPAID})
_TURNS: Final[Mapping[Status, frozenset[Status]]] = {
    Status.OPEN: frozenset({Status.OPEN, Status.OVERDUE}),
    Status.PARTIALLY_PAID: frozenset({Status.PARTIALLY_PAID, Status.OVERDUE, Status.OPEN}),
    Status.OVERDUE: frozenset({Status.OVERDUE, Status.OPEN}),
}
"""The statuses that a mapped one can turn into, by the day and the sign of the total."""


@dataclass(frozen=True, slots=True)
class PhaseMap:
    """`statuses` by code, in the order of the configuration; `key` is where it stands there."""

    statuses: Mapping[str, Status]
    key: str

    def status(self, phase: WirePhase | None) -> Status:
        """What an invoice in this phase is; unknown without one, or in one that is not mapped."""
        code = None if phase is None or phase.code is None else self._known(phase.code)
        return Status.UNKNOWN if code is None else self.statuses[code]

    def code_for(self, status: Status) -> str | None:
        """The first code that is mapped to `status`."""
        return next((code for code, each in self.statuses.items() if each is status), None)

    def codes_for(self, statuses: frozenset[Status]) -> list[str] | None:
        """The codes of phases in which an invoice can have one of these statuses; None where any can."""
        if not statuses or Status.UNKNOWN in statuses:
            return None
        return [code for code, status in self.statuses.items() if _TURNS.get(status, frozenset({status})) & statuses]

    def target(self, label: str) -> str:
        """The code that `label` leads to: a code of the table by its own spelling, or a phase of ours.

        Raises:
            Unsupported: neither, or a phase of ours that no code is mapped to.
        """
        found = self._led(label)
        if found is None:
            raise Unsupported(
                f"{self.key} maps no phase of this tenant to that.",
                next=f"Use one of {', '.join(self.labels())}; further phases are mapped in {self.key}."
                if self.statuses
                else f"Ask the user to map the tenant's phases in {self.key}.",
                field="phase",
            )
        return found

    def labels(self) -> list[str]:
        """What change_phase can be asked for: phases of ours that are mapped, then the codes. Paid is a payment.

        Cancelled is among them without a phase of its own: a draft is deleted.
        """
        ours = [phase.value for phase, status in STATUS_OF.items() if self.code_for(status) or phase is Phase.CANCELLED]
        return [*ours, *(code for code, status in self.statuses.items() if status is not Status.PAID)]

    def possible(self, status: Status, code: str | None) -> tuple[str, ...]:
        """Of these, what would change something on an invoice of this status in the phase `code`."""
        if status not in _MOVABLE:
            return ()
        here = None if code is None else self._known(code)
        discarded = [Phase.CANCELLED.value] if status is Status.DRAFT else []
        led = [
            label
            for label in self.labels()
            if (there := self._led(label)) not in (None, here) and not self._goes_back(there, status)
        ]
        return tuple(dict.fromkeys([*discarded, *led]))

    def check_possible(self, label: str, status: Status, code: str | None) -> None:
        """Let pass what `possible` names, by whatever name.

        Raises:
            Conflict: it does not.
        """
        possible = self.possible(status, code)
        if label not in possible and self._led(label) not in map(self._led, possible):
            raise Conflict(
                f"An invoice that is {status} cannot be moved there from here.",
                next=f"Possible now: {', '.join(possible)}." if possible else "It can be moved on in Tribe CRM itself.",
                field="phase",
            )

    def _led(self, label: str) -> str | None:
        """The code that `label` leads to, if it leads to one."""
        if label in self.statuses:
            return label
        wanted = _BY_LABEL.get(label)
        return self._known(label) if wanted is None else self.code_for(wanted)

    def _goes_back(self, code: str | None, status: Status) -> bool:
        """From issued to draft: a number that is given is not taken back."""
        return status in UNPAID and code is not None and self.statuses[code] is Status.DRAFT

    def _known(self, code: str) -> str | None:
        return spelled(code, self.statuses)


def find_phase(phases: Iterable[WirePhase], code: str) -> WirePhase | None:
    """The tenant's phase with this code: as it is spelled, else whatever its case."""
    known = list(phases)
    exact = [each for each in known if each.code == code]
    alike = [each for each in known if each.code is not None and each.code.casefold() == code.casefold()]
    return next(iter(exact or alike), None)


def unmapped(phases: Iterable[WirePhase], mapped: PhaseMap) -> int:
    """How many of these phases nobody has mapped."""
    return sum(mapped.status(each) is Status.UNKNOWN for each in phases)
