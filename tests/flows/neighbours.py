"""An office with accounts at several vendors, two of a kind among them, each with a double at an address of its own."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from invoice_mcp.sandbox.http1 import Application
from invoice_mcp.sandbox.runner import running
from tests.flows.conftest import HeldClock, Office, Person
from tests.flows.vendors import MAIL, SYSTEMS, Vendor

ACCOUNTS = {
    "crm": "tribe",
    "crm-two": "tribe",
    "books": "moneybird",
    "books-two": "moneybird",
    "ysuite": "ysuite",
    "site": "next",
    "agency": "productive",
    "agency-two": "productive",
}
"""Two of a kind are what is most easily taken for each other."""


def mark(account: str) -> str:
    """What every secret of the account ends in."""
    return f"..of.{account}.."


@dataclass(frozen=True)
class World:
    """The accounts, each with a double at an address of its own."""

    office: Office
    vendors: dict[str, Vendor]


def gate(app: Application, account: str) -> Application:
    """A double whose secrets, and the tokens it gives for them, end in the account's mark."""
    own = mark(account).encode()

    async def between(scope: Any, receive: Any, send: Any) -> None:
        headers = [(name, value.replace(own, b"")) for name, value in scope["headers"]]

        async def heard() -> Any:
            message = await receive()
            return {**message, "body": message.get("body", b"").replace(own, b"")}

        async def told(message: Any) -> None:
            body = message.get("body", b"")
            if b'"access_token"' in body:
                answer = json.loads(body)
                body = json.dumps({**answer, "access_token": answer["access_token"] + own.decode()}).encode()
            if message["type"] == "http.response.start":
                kept = [each for each in message["headers"] if each[0].lower() != b"content-length"]
                await send({**message, "headers": kept})
            else:
                await send({**message, "body": body})

        await app({**scope, "headers": headers}, heard, told)

    return between


@asynccontextmanager
async def everywhere(folder: Path, clock: HeldClock, account: str = "") -> AsyncIterator[World]:
    """All of them, with a person who agrees to everything; `account` are more settings of each."""
    async with AsyncExitStack() as stack:
        vendors, more = {}, [MAIL]
        for name, kind in ACCOUNTS.items():
            system = SYSTEMS[kind]
            double = system.open(clock, 12)
            proxy = await stack.enter_async_context(running(gate(double.app, name)))
            vendors[name] = Vendor(system, proxy, double, clock)
            text = system.account(name, proxy.url, f'mode = "full"\n{account}')
            for secret in system.secrets:
                text = text.replace(f'"{secret}"', f'"{secret}{mark(name)}"')
            more.append(text)
            if system.limit is not None:
                stack.enter_context(patch(*system.limit))
        office = Office(folder, clock, more="\n".join(more))
        stack.push_async_callback(office.services.close)
        office.person = Person(will=True)
        yield World(office, vendors)
