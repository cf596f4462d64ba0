"""The server as hosts run it: a process on the other side of pipes, that is signalled, closed and started again."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time

import anyio
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from .toy_server import SECRET
from .wire_client import HELLO, LEGACY, MODERN, TOY_SERVER, toy_process

SOON_S = 5.0
"""How long a server may take to end: a second, and four for a busy machine. Waiting for a write takes ten."""

both_signals = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)


async def has_ended_well(process, began):
    """The lines still to come on stderr, once the process has ended soon, with code 0 and nothing more on stdout.

    The last is said after the session, and after one more signal.
    """
    assert await process.ended() == 0
    assert time.monotonic() - began < SOON_S
    assert await process.wire.receive() == {}
    *lines, last = await process.stderr.rest()
    assert last == b"ended"
    return lines


@pytest.mark.parametrize("era", [LEGACY, MODERN])
async def test_nothing_but_messages_comes_out_of_stdout(era):
    said = []

    async def listen(stderr):
        said.extend(await stderr.rest())

    async with toy_process() as process, anyio.create_task_group() as tasks:
        tasks.start_soon(listen, process.stderr)
        await process.wire.hello(era)
        assert (await process.wire.call("noise"))["structuredContent"] == {"done": True}
        for number in range(200):
            result = await process.wire.call("crash" if number % 4 == 0 else "echo", {"text": f"number {number}"})
            assert result["isError"] is (number % 4 == 0)
        await process.wire.send_bytes(b"nonsense\n")
        assert "error" in await process.wire.receive()
        assert (await process.wire.call("noise"))["structuredContent"] == {"done": True}
        process.wire.close()
        assert await process.wire.receive() == {}
        assert await process.ended() == 0
    text = b"\n".join(said).decode()
    for line in ("printed before anything was served", "a print", "a write to descriptor 1", "a child", "an error"):
        assert line in text
    assert "a warning" in text
    assert text.count("Tool 'crash' raised an unexpected exception") == 50
    assert SECRET not in text


@both_signals
async def test_a_signal_ends_an_idle_server_with_code_0_and_its_services_closed(number):
    async with toy_process() as process:
        await process.wire.hello(LEGACY)
        await process.wire.call("echo")
        began = time.monotonic()
        process.popen.send_signal(number)
        assert (await has_ended_well(process, began))[-1] == b"closed"


@both_signals
async def test_a_signal_in_a_call_cancels_it_and_ends_the_server_the_same_way(number):
    async with toy_process() as process:
        await process.wire.hello(MODERN)
        await process.wire.start_call("wait")
        await process.stderr.lines_until(b"waiting")
        began = time.monotonic()
        process.popen.send_signal(number)
        assert "error" in await process.wire.receive()
        assert await has_ended_well(process, began) == [b"waited", b"closed"]


async def test_a_signal_before_the_first_message_ends_the_server_the_same_way():
    async with toy_process() as process:
        assert await process.stderr.line() == b"printed before anything was served"
        process.popen.send_signal(signal.SIGTERM)
        assert await process.ended() == 0
        assert set(await process.stderr.rest()) <= {b"ended"}  # where it came before the first message was waited for


async def test_a_signal_before_the_server_is_there_ends_the_process_quietly():
    async with toy_process("slow-to-build") as process:
        await process.stderr.lines_until(b"building")
        process.popen.send_signal(signal.SIGINT)
        assert await process.ended() == 0
        assert await process.stderr.rest() == []


async def test_a_signal_lets_a_write_finish_and_a_second_one_does_not_wait_for_it():
    async with toy_process() as process:
        await process.wire.hello(LEGACY)
        await process.wire.start_call("write")
        await process.wire.start_call("write_for_ever")
        await process.stderr.lines_until(b"writing")
        await process.stderr.lines_until(b"writing")
        process.popen.send_signal(signal.SIGTERM)
        await process.stderr.lines_until(b"written")
        began = time.monotonic()
        process.popen.send_signal(signal.SIGTERM)
        assert (await process.stderr.rest()) == [b"cut off", b"closed", b"ended"]
        assert await process.ended() == 0
        assert time.monotonic() - began < SOON_S


async def test_the_end_of_the_input_ends_the_server_even_before_a_message():
    async with toy_process() as process:
        process.wire.close()
        assert await process.ended() == 0
        assert await process.stderr.rest() == [b"printed before anything was served", b"ended"]


async def test_the_end_of_the_output_ends_the_server_quietly():
    async with toy_process() as process:
        await process.wire.hello(LEGACY)
        await process.wire.call("echo")
        process.popen.stdout.close()
        began = time.monotonic()
        await process.wire.start_call("echo")
        assert await process.ended() == 0
        assert time.monotonic() - began < SOON_S
        assert (await process.stderr.rest())[-2:] == [b"closed", b"ended"]


async def test_descriptors_are_blocking_again_when_the_server_has_ended():
    incoming, to_server = os.pipe()
    os.close(to_server)
    assert os.get_blocking(incoming)
    await anyio.run_process([sys.executable, TOY_SERVER], stdin=incoming, stderr=subprocess.DEVNULL)
    assert os.get_blocking(incoming)
    os.close(incoming)


async def test_closed_descriptors_are_the_end_of_the_input():
    command = f"{shlex.join([sys.executable, str(TOY_SERVER)])} <&- >&-"
    result = await anyio.run_process(["/bin/sh", "-c", command], check=False)
    assert result.returncode == 0
    assert b"Traceback" not in result.stderr


async def test_a_shell_pipe_gets_all_its_answers():
    messages = [
        {"id": 1, "method": "initialize", "params": HELLO},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/list"},
        {"id": 3, "method": "tools/call", "params": {"name": "echo", "arguments": {}}},
    ]
    lines = b"".join(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n" for message in messages)
    result = await anyio.run_process([sys.executable, TOY_SERVER], input=lines)
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert sorted(answer["id"] for answer in answers) == [1, 2, 3]
    assert all("result" in answer for answer in answers)


@pytest.mark.parametrize("era", ["legacy", "auto"])
async def test_the_sdk_s_own_client_is_served(era, tmp_path):
    server = StdioServerParameters(command=sys.executable, args=[TOY_SERVER], env=dict(os.environ))
    with (tmp_path / "stderr").open("w") as stderr:
        async with Client(stdio_client(server, errlog=stderr), mode=era) as client:
            assert (await client.list_tools()).tools[0].name == "echo"
            assert (await client.call_tool("echo", {"text": "hi"})).structured_content["text"] == "hi"


async def test_the_transport_for_other_systems_serves_the_same():
    async with toy_process("on-threads") as process:
        await process.wire.hello(LEGACY)
        assert (await process.wire.call("echo"))["isError"] is False
        process.wire.close()
        assert await process.ended() == 0
        assert (await process.stderr.rest())[-1] == b"closed"
