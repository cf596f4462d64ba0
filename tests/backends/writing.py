"""Writes as the layers above hand them to a backend, and their steps carried out one after the other."""

from collections.abc import Mapping, Sequence
from typing import Any

from invoice_mcp.backends.base import JoinsRequests, Plan, StepResult, VendorBackend, Write
from invoice_mcp.domain.identity import Identity
from invoice_mcp.domain.tools import WRITES
from invoice_mcp.errors import InvoiceError
from invoice_mcp.net import LostAnswer
from invoice_mcp.tools import TOOLS

REQUESTS = {tool.name: tool.request for tool in TOOLS if tool.name in WRITES}


def write_of(
    account: str,
    number: int,
    tool: str,
    invoice_id: str | None,
    arguments: Mapping[str, Any],
    window_hours: int = 24,
) -> Write:
    """The write with this `number`, which makes its identity."""
    ref = f"{account}:{invoice_id}"
    named: dict[str, Any] = {"create_invoice": {}, "send_reminder": {"refs": [ref]}}.get(tool, {"ref": ref})
    request = REQUESTS[tool].model_validate({**named, **arguments})
    return Write(Identity(f"op_{number:018d}", tool, f"{number:064x}", window_hours), invoice_id, request)


async def carried_out(backend: VendorBackend, plan: Plan) -> list[StepResult]:
    """What came of each step."""
    done: list[StepResult] = []
    for step in plan.steps:
        done.append(await backend.perform(step, done))
    return done


async def carried_out_together(
    backend: VendorBackend, plans: Sequence[Plan]
) -> list[StepResult | InvoiceError | LostAnswer]:
    """What came of the one step of each, all by one request."""
    assert isinstance(backend, JoinsRequests)
    return await backend.perform_together(backend.joined([plan.steps[0] for plan in plans]))
