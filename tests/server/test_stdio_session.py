"""The transport over real pipes, sockets, files and terminals, with the server in this process."""

import json
import os
import signal
import socket
from pathlib import Path

import anyio
import pytest
from mcp.types import INVALID_REQUEST, PARSE_ERROR, UNSUPPORTED_PROTOCOL_VERSION

from invoice_mcp.server import session
from invoice_mcp.server.framing import MAX_LINE_BYTES
from invoice_mcp.server.session import serve

from .toy_server import READ, Nothing, build, tool
from .wire_client import ENVELOPE, HELLO, LEGACY, MODERN, PATIENCE_S, in_process, pipes, sockets

both_eras = pytest.mark.parametrize("era", [LEGACY, MODERN])


def told(capsys):
    return capsys.readouterr().err.splitlines()


@both_eras
async def test_a_session_lists_and_calls_in_both_eras(era):
    async with in_process(build()) as client:
        await client.hello(era)
        tools = (await client.request("tools/list"))["result"]["tools"]
        assert tools[0]["name"] == "echo"
        result = await client.call("echo", {"text": "Ærø"})
    assert result["structuredContent"] == {"text": "Ærø", "client": "wire"}
    assert result["content"] == [{"type": "text", "text": '{"text":"Ærø","client":"wire"}'}]


async def test_initialize_gives_version_identity_and_instructions():
    async with in_process(build()) as client:
        result = (await client.request("initialize", HELLO))["result"]
    assert result["protocolVersion"] == LEGACY
    assert result["serverInfo"] == {"name": "invoice-mcp", "title": "Invoices", "version": "1.2.3"}
    assert result["instructions"] == "A toy."


async def test_discover_gives_identity_and_instructions_in_the_new_era():
    async with in_process(build()) as client:
        await client.hello(MODERN)
        result = (await client.request("server/discover"))["result"]
    assert MODERN in result["supportedVersions"]
    assert result["instructions"] == "A toy."


async def test_a_handshake_in_a_session_of_the_new_era_is_refused_with_its_own_code():
    async with in_process(build()) as client:
        await client.hello(MODERN)
        await client.request("tools/list")
        answer = await client.request("initialize", HELLO)
    assert answer["error"]["code"] == UNSUPPORTED_PROTOCOL_VERSION


@both_eras
async def test_an_error_on_the_wire_is_text_and_metadata_and_no_structured_content(era):
    async with in_process(build()) as client:
        await client.hello(era)
        for name, code in (("refuse", "not_found"), ("nope", "invalid_request")):
            result = await client.call(name)
            assert result["isError"] is True
            assert "structuredContent" not in result
            body = json.loads(result["content"][0]["text"])
            assert body["error"]["code"] == code
            assert result["_meta"]["invoice-mcp/error"] == body


@both_eras
async def test_a_client_that_gives_no_name_has_an_empty_one(era):
    nameless = {key: value for key, value in ENVELOPE.items() if not key.endswith("clientInfo")}
    async with in_process(build()) as client:
        await client.hello(era)
        if era == MODERN:
            client.meta = nameless
        result = await client.call("echo")
    assert result["structuredContent"]["client"] == ("" if era == MODERN else "wire")


@both_eras
@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"nonsense\n", PARSE_ERROR),
        (b'{"jsonrpc":"2.0","id":9,"method":"ping\xff"}\n', PARSE_ERROR),
        (b'{"jsonrpc":"2.0","id":9,\n', PARSE_ERROR),
        (b'[{"jsonrpc":"2.0","id":9,"method":"ping"}]\n', INVALID_REQUEST),
        (b'{"id":null}\n', INVALID_REQUEST),
        (b"x" * (MAX_LINE_BYTES + 1) + b"\n", INVALID_REQUEST),
    ],
    ids=["no JSON", "no UTF-8", "half a message", "a batch", "no message", "too long"],
)
async def test_a_line_that_is_no_message_is_answered_and_the_session_goes_on(era, line, code):
    async with in_process(build()) as client:
        await client.hello(era)
        await client.call("echo")
        await client.send_bytes(line)
        answer = await client.receive()
        assert (answer["id"], answer["error"]["code"]) == (None, code)
        assert (await client.call("echo"))["isError"] is False


async def test_nonsense_before_the_first_request_does_not_end_the_session():
    async with in_process(build()) as client:
        await client.send_bytes(b"nonsense\n\n  \r\n")
        assert (await client.receive())["error"]["code"] == PARSE_ERROR
        await client.hello(LEGACY)
        assert (await client.call("echo"))["isError"] is False


async def test_a_cancellation_of_nothing_and_of_no_id_is_ignored():
    async with in_process(build()) as client:
        await client.hello(LEGACY)
        for request_id in (77, "seventy", [], {}, None):
            await client.send({"method": "notifications/cancelled", "params": {"requestId": request_id}})
        assert (await client.call("echo"))["isError"] is False


@both_eras
async def test_many_calls_at_a_time_are_all_answered_with_their_own_answer(era):
    async with in_process(build()) as client:
        await client.hello(era)
        sent = {await client.start_call("echo", {"text": f"number {n}"}): f"number {n}" for n in range(64)}
        received = [await client.receive() for _ in sent]
    assert {answer["id"]: answer["result"]["structuredContent"]["text"] for answer in received} == sent


@both_eras
async def test_a_call_that_waits_does_not_hold_up_another(era):
    async with in_process(build()) as client:
        await client.hello(era)
        await client.start_call("wait")
        assert (await client.call("echo"))["isError"] is False


@both_eras
async def test_a_cancelled_call_stops_and_is_not_answered(era, capsys):
    async with in_process(build()) as client:
        await client.hello(era)
        request_id = await client.start_call("wait")
        assert (await client.call("echo"))["isError"] is False
        await client.send({"method": "notifications/cancelled", "params": {"requestId": request_id}})
        assert (await client.call("echo"))["isError"] is False
        assert told(capsys) == ["waiting", "waited"]
        client.close()
        assert await client.receive() == {}


@both_eras
async def test_progress_comes_before_the_answer(era):
    async with in_process(build()) as client:
        await client.hello(era)
        request_id = await client.start_call("progress", progressToken="t")
        first, second, answer = [await client.receive() for _ in range(3)]
    assert first["params"] == {"progressToken": "t", "progress": 1, "total": 2, "message": "half"}
    assert second["params"]["progress"] == 2
    assert answer["id"] == request_id


async def test_what_was_asked_before_the_end_of_the_input_is_still_answered():
    async def soon(request, services, caller):
        await anyio.sleep(0.05)
        return {"done": True}

    async with in_process(build(tool(soon, Nothing, READ))) as client:
        await client.hello(LEGACY)
        sent = {await client.start_call("soon"), await client.start_call("soon")}
        client.close()
        answers = [await client.receive(), await client.receive()]
        assert await client.receive() == {}
    assert {answer["id"] for answer in answers} == sent
    assert all("result" in answer for answer in answers)


async def test_the_last_line_needs_no_newline():
    async with in_process(build()) as client:
        await client.hello(LEGACY)
        await client.send_bytes(b'{"jsonrpc":"2.0","id":"last","method":"ping"}')
        client.close()
        assert (await client.receive())["id"] == "last"


@both_eras
async def test_at_the_end_of_the_input_a_running_call_is_cancelled_and_the_services_are_closed(era, capsys):
    async with in_process(build()) as client:
        await client.hello(era)
        await client.start_call("wait")
        await client.call("echo")
    assert told(capsys) == ["waiting", "waited", "closed"]


@both_eras
async def test_at_the_end_of_the_input_a_write_that_has_begun_is_finished(era, capsys, monkeypatch):
    monkeypatch.setattr("invoice_mcp.server.pipes.LAST_ANSWERS_S", 0)
    async with in_process(build()) as client:
        await client.hello(era)
        await client.start_call("write")
        await client.call("echo")
    assert told(capsys) == ["writing", "written", "closed"]


async def test_a_write_that_never_ends_is_cut_off_in_the_end(capsys, monkeypatch):
    monkeypatch.setattr(session, "DRAIN_S", 0.05)
    monkeypatch.setattr("invoice_mcp.server.pipes.LAST_ANSWERS_S", 0)
    async with in_process(build()) as client:
        await client.hello(LEGACY)
        await client.start_call("write_for_ever")
        await client.call("echo")
    assert told(capsys) == ["writing", "cut off", "closed"]


async def test_a_client_that_stops_reading_ends_the_session_quietly(capsys, caplog):
    incoming, to_server, from_server, outgoing = pipes()
    os.set_blocking(incoming, False)
    os.set_blocking(outgoing, False)
    os.close(from_server)
    os.write(to_server, b'x\nx\n{"jsonrpc":"2.0","id":1,"method":"ping"}\nx\n')
    with anyio.fail_after(PATIENCE_S):
        await serve(build(), incoming, outgoing)
    for fd in (incoming, to_server, outgoing):
        os.close(fd)
    assert told(capsys) == []
    assert caplog.records == []


async def test_a_client_that_leaves_its_answers_unread_does_not_hold_up_the_end():
    async with in_process(build()) as client:
        await client.hello(LEGACY)
        for _ in range(20):
            await client.start_call("echo", {"text": "x" * 50_000})
        await anyio.wait_all_tasks_blocked()


async def test_a_signal_ends_a_session_whose_client_sends_nonsense_and_reads_nothing():
    async with in_process(build()) as client:
        await client.send_bytes(b"nonsense\n" * 5_000)
        await anyio.wait_all_tasks_blocked()  # more than a pipe and the backlog hold
        signal.raise_signal(signal.SIGTERM)
        with anyio.fail_after(PATIENCE_S):
            await client.server_ended.wait()


async def test_no_line_is_torn_by_cancelling_the_call_that_sends_it():
    async def chatty(request, services, caller):
        for number in range(20):
            await caller.progress(number, 20, "x" * 100_000)
        return {}

    async with in_process(build(tool(chatty, Nothing, READ))) as client:
        await client.hello(LEGACY)
        request_id = await client.start_call("chatty", progressToken="t")
        await anyio.wait_all_tasks_blocked()  # the pipe is full, and a line is half written
        await client.send({"method": "notifications/cancelled", "params": {"requestId": request_id}})
        await client.start("ping")
        lines = [await client.receive()]
        while "id" not in lines[-1]:
            lines.append(await client.receive())
    assert [line["params"]["progress"] for line in lines[:-1]] == list(range(len(lines) - 1))
    assert 1 < len(lines) < 20


async def test_one_socket_in_both_directions_will_do():
    async with in_process(build(), sockets) as client:
        await client.hello(LEGACY)
        assert (await client.call("echo", {"text": "x" * 250_000}))["isError"] is False
        with socket.socket(fileno=os.dup(client.to_server)) as end:
            end.shutdown(socket.SHUT_WR)
        assert await client.receive() == {}


async def test_a_file_will_do_for_input_and_output(tmp_path: Path):
    messages = [
        {"id": 1, "method": "initialize", "params": HELLO},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "echo", "arguments": {}}},
    ]
    requests, answers = tmp_path / "requests", tmp_path / "answers"
    requests.write_text("\n".join(json.dumps({"jsonrpc": "2.0", **message}) for message in messages))
    with requests.open("rb") as incoming, answers.open("wb") as outgoing:
        await serve(build(), incoming.fileno(), outgoing.fileno())
    assert [json.loads(line)["id"] for line in answers.read_text().splitlines()] == [1, 2]


async def test_a_terminal_will_do():
    ours, theirs = os.openpty()

    def terminal() -> tuple[int, int, int, int]:
        return theirs, ours, os.dup(ours), os.dup(theirs)

    async with in_process(build(), terminal) as client:
        await client.send({"id": 1, "method": "initialize", "params": HELLO})
        assert json.loads(await client.answers.line())["method"] == "initialize"  # the terminal's own echo
        assert (await client.receive())["id"] == 1
        await client.send_bytes(b"\x04")  # the end of input, as typed


async def test_a_connection_that_is_reset_is_the_end_of_the_input():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        ours.sendall(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(serve, build(), theirs.fileno(), theirs.fileno())
                await anyio.wait_all_tasks_blocked()
                ours.close()  # with the answer unread, which resets it


async def test_a_server_can_be_served_again():
    server = build()
    for _ in range(2):
        async with in_process(server) as client:
            await client.hello(LEGACY)
            assert (await client.call("echo"))["isError"] is False
