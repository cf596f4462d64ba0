"""One question to several accounts at the same time: who answers in time is heard, who fails or is late is named."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import anyio

from invoice_mcp.domain.query import Gap
from invoice_mcp.errors import DeadlineExceeded, InvoiceError, VendorContract
from invoice_mcp.service.caller import Caller

WHOLE_S: Final = 29
"""So long accounts are waited for; what has come by then is answered."""

HEAD_START_S: Final = 1
"""So much sooner than its caller's own deadline a search ends, so that it is still an answer."""

QUIET_S: Final = 1
"""A search that takes longer reports which accounts have answered."""

_log = logging.getLogger(__name__)

T = TypeVar("T")


async def _all_of_it() -> None:
    await anyio.sleep(min(WHOLE_S, anyio.current_effective_deadline() - anyio.current_time() - HEAD_START_S))


async def _a_second() -> None:
    await anyio.sleep(QUIET_S)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited: `quiet` ends when progress is to be reported, `whole` when what has come has to do."""

    quiet: Callable[[], Awaitable[None]] = _a_second
    whole: Callable[[], Awaitable[None]] = _all_of_it


PATIENCE: Final = Patience()


async def ask(
    questions: Mapping[str, Callable[[], Awaitable[T]]], patience: Patience, caller: Caller
) -> dict[str, T | InvoiceError]:
    """What each account said, by its name, in their order. Those that are late are not waited for, nor read on."""
    said: dict[str, T | InvoiceError] = {}
    progress = _Progress(list(questions), said, caller)

    async def put(name: str, question: Callable[[], Awaitable[T]]) -> None:
        said[name] = await _answer(name, question)
        await progress.report()

    async with anyio.create_task_group() as clocks:
        with anyio.CancelScope() as answering:
            clocks.start_soon(_end, patience.whole, answering)
            clocks.start_soon(progress.begin, patience.quiet)
            async with anyio.create_task_group() as group:
                for name, question in questions.items():
                    group.start_soon(put, name, question)
        clocks.cancel_scope.cancel()
    return {name: said[name] if name in said else _late() for name in questions}


def gap_of(error: InvoiceError) -> Gap:
    """What an account that failed leaves open, and whether asking again may help."""
    if not error.retryable:
        return Gap(error.message)
    when = "" if error.retry_after_s is None else f" in {error.retry_after_s} s"
    return Gap(f"{error.message} A retry may help{when}.")


async def _answer(name: str, question: Callable[[], Awaitable[T]]) -> T | InvoiceError:
    try:
        return await question()
    except InvoiceError as error:
        return error
    except Exception:  # a defect of one adapter does not take the others' answers away
        _log.exception("account %s: a search failed in a way nobody foresaw", name)
        return VendorContract(
            "The account's answer could not be worked with, in a way this program did not foresee.",
            next="Ask the other accounts; report this with the program's log.",
        )


async def _end(over: Callable[[], Awaitable[None]], answering: anyio.CancelScope) -> None:
    await over()
    answering.cancel()


def _late() -> DeadlineExceeded:
    return DeadlineExceeded(
        "The account did not answer in time.",
        next="Ask it alone, with a narrower filter or totals false, or try again later.",
    )


class _Progress:
    """Reports, from `begin` on, how many accounts have answered and who is waited for."""

    def __init__(self, names: list[str], said: Mapping[str, Any], caller: Caller) -> None:
        self._names = names
        self._said = said
        self._caller = caller
        self._begun = False

    async def begin(self, after: Callable[[], Awaitable[None]]) -> None:
        await after()
        self._begun = True
        await self.report()

    async def report(self) -> None:
        if not self._begun:
            return
        waiting = [name for name in self._names if name not in self._said]
        done, total = len(self._names) - len(waiting), len(self._names)
        message = f"waiting for {', '.join(waiting)}" if waiting else "all accounts have answered"
        await self._caller.progress(done, total, message)
