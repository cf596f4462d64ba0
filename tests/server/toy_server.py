"""A server with toy tools, for the tests of the server and the transport. Run as a program it serves on stdio.

What happens inside is told on stderr, one line each.
"""

import logging
import os
import signal
import sys
import warnings
from typing import Any

import anyio

from invoice_mcp.domain.requests import Request
from invoice_mcp.errors import NotFound
from invoice_mcp.server.server import DEADLINE_S, InvoiceServer
from invoice_mcp.server.session import serve_on_threads
from invoice_mcp.server.stdio import serve_stdio
from invoice_mcp.server.table import ToolTable
from invoice_mcp.tools.definition import Caller, Hints, Tool

READ = Hints(read_only=True, destructive=False, idempotent=True, open_world=True)
WRITE = Hints(read_only=False, destructive=True, idempotent=False, open_world=True)
SECRET = "sk-do-not-tell"


class ToyServices:
    """What the toy tools share; counts, so that tests see how often it is made and what runs at a time."""

    made = 0

    def __init__(self) -> None:
        ToyServices.made += 1
        self.running = 0
        self.most_running = 0
        self.go_on = anyio.Event()
        self.wrote = anyio.Event()

    async def close(self) -> None:
        tell("closed")


class Nothing(Request):
    """No arguments."""


class Words(Request):
    """Some text."""

    text: str = "hello"


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def echo(request: Words, services: ToyServices, caller: Caller) -> dict[str, Any]:
    return {"text": request.text, "client": caller.client}


async def progress(request: Nothing, services: ToyServices, caller: Caller) -> dict[str, Any]:
    await caller.progress(1, 2, "half")
    await caller.progress(2, 2, "all")
    return {"done": True}


async def noise(request: Nothing, services: ToyServices, caller: Caller) -> dict[str, Any]:
    print("a print")
    os.write(1, b"a write to descriptor 1\n")
    await anyio.run_process(["/bin/sh", "-c", "cat && echo a child"], stdin=None, stdout=None, stderr=None)
    warnings.warn("a warning", stacklevel=1)
    logging.getLogger("a.library").error("an error")
    sys.stdout.flush()
    return {"done": True}


async def crash(request: Words, services: ToyServices, caller: Caller) -> dict[str, Any]:
    raise RuntimeError(f"{SECRET} {request.text}")


async def refuse(request: Nothing, services: ToyServices, caller: Caller) -> dict[str, Any]:
    raise NotFound("There is no such invoice.", next="Søk it first.", field="ref")


async def wait(request: Nothing, services: ToyServices, caller: Caller) -> dict[str, Any]:
    services.running += 1
    services.most_running = max(services.most_running, services.running)
    tell("waiting")
    try:
        await services.go_on.wait()
    finally:
        tell("waited")
        services.running -= 1
    return {"done": True}


async def write(request: Nothing, services: ToyServices, caller: Caller) -> dict[str, Any]:
    with anyio.CancelScope(shield=True):
        tell("writing")
        await anyio.sleep(0.2)
        tell("written")
        services.wrote.set()
    return {"done": True}


async def write_for_ever(request: Nothing, services: ToyServices, caller: Caller) -> dict[str, Any]:
    with anyio.CancelScope(shield=True):
        tell("writing")
        try:
            await anyio.sleep_forever()
        finally:
            tell("cut off")
    return {}


async def agree(request: Words, services: ToyServices, caller: Caller) -> dict[str, Any]:
    if caller.reply is not None:
        return {"agreed": caller.reply.agreed, "token": caller.reply.token, "rounds": 2}
    if not caller.can_ask:
        return {"agreed": False, "cannot": True}
    return {"agreed": await caller.ask("Send it?", "a token"), "token": "a token", "rounds": 1}


async def nobody(request: Nothing, services: ToyServices, caller: Caller) -> dict[str, Any]:
    raise AssertionError("no account can do this")


def tool(handle: Any, request: type[Request], hints: Hints) -> Tool[Any]:
    name = handle.__name__
    return Tool(name, name.title(), f"Does {name}.", request, hints, {"type": "object"}, handle)


TOOLS = (
    tool(echo, Words, READ),
    tool(progress, Nothing, READ),
    tool(noise, Nothing, READ),
    tool(crash, Words, READ),
    tool(refuse, Nothing, READ),
    tool(wait, Nothing, READ),
    tool(write, Nothing, WRITE),
    tool(write_for_ever, Nothing, WRITE),
    tool(agree, Words, WRITE),
    tool(nobody, Nothing, READ),
)


def build(*tools: Tool[Any], deadline_s: float = DEADLINE_S) -> InvoiceServer:
    """A server with `tools`, or with all toy tools."""

    def load_table() -> ToolTable:
        chosen = tools or TOOLS
        return ToolTable(chosen, ["books"], {tool.name: [] if tool.name == "nobody" else ["books"] for tool in chosen})

    return InvoiceServer(load_table, ToyServices, instructions="A toy.", version="1.2.3", deadline_s=deadline_s)


def build_noisily() -> InvoiceServer:
    print("printed before anything was served", flush=True)
    return build()


def build_for_ever() -> InvoiceServer:
    tell("building")
    while True:
        pass


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["on-threads"]:
            anyio.run(serve_on_threads, build())
        case ["slow-to-build"]:
            serve_stdio(build_for_ever)
        case _:
            serve_stdio(build_noisily)
            signal.raise_signal(signal.SIGTERM)
            tell("ended")
