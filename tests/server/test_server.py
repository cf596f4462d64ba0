import json

import anyio
import pytest
from mcp.client import Client
from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS

from invoice_mcp.errors import all_errors
from invoice_mcp.server.answers import ERROR_META, refusal
from invoice_mcp.server.logs import MaskedFormatter
from invoice_mcp.server.runtime import MAX_RUNNING
from invoice_mcp.server.server import InvoiceServer

from . import toy_server
from .toy_server import READ, SECRET, WRITE, Nothing, ToyServices, build, tool, wait, write

both_eras = pytest.mark.parametrize("era", ["legacy", "auto"])


def error_of(result):
    """The error of a result, once it is known that its text and its metadata agree and that it is nowhere else."""
    assert result.is_error
    assert result.structured_content is None
    body = json.loads(result.content[0].text)
    assert result.meta[ERROR_META] == body
    return body["error"]


@both_eras
async def test_tools_are_listed_from_the_table_in_its_order_with_all_four_hints(era):
    async with Client(build(), mode=era) as client:
        listed = (await client.list_tools()).tools
    assert [tool.name for tool in listed] == [tool.name for tool in toy_server.TOOLS if tool.name != "nobody"]
    first = listed[0].model_dump(by_alias=True, exclude_none=True)
    assert first["title"] == "Echo"
    assert first["description"] == "Does echo."
    assert first["inputSchema"]["additionalProperties"] is False
    assert first["outputSchema"] == {"type": "object"}
    assert first["annotations"] == {
        "readOnlyHint": True,
        "destructiveHint": False,
        "idempotentHint": True,
        "openWorldHint": True,
    }


@both_eras
async def test_an_answer_is_the_same_compact_json_in_text_and_structured_content(era):
    async with Client(build(), mode=era) as client:
        result = await client.call_tool("echo", {"text": "Ærø, ünd €"})
    assert not result.is_error
    assert result.structured_content["text"] == "Ærø, ünd €"
    assert result.content[0].text == json.dumps(result.structured_content, ensure_ascii=False, separators=(",", ":"))


@both_eras
async def test_a_refusal_is_an_error_with_its_object_as_text_and_in_the_metadata_alone(era):
    async with Client(build(), mode=era) as client:
        result = await client.call_tool("refuse", {})
    assert error_of(result) == {
        "code": "not_found",
        "message": "There is no such invoice.",
        "next": "Søk it first.",
        "field": "ref",
    }
    assert "Søk" in result.content[0].text


@pytest.mark.parametrize("error", all_errors(), ids=lambda error: error.code)
def test_every_error_of_the_contract_becomes_a_refusal(error):
    body = error_of(refusal(error("Said.", next="Do.")))
    assert (body["code"], body["message"], body["next"]) == (error.code, "Said.", "Do.")


@both_eras
@pytest.mark.parametrize("name", ["nope", "nobody", "", "x" * 10_000])
async def test_a_tool_that_is_not_there_is_refused_and_those_that_are_there_are_named(era, name):
    async with Client(build(), mode=era) as client:
        error = error_of(await client.call_tool(name, {}))
    assert error["code"] == "invalid_request"
    assert error["next"] == "Call one of: echo, progress, noise, crash, refuse, wait, write, write_for_ever, agree."


@both_eras
async def test_arguments_that_do_not_fit_are_refused(era):
    async with Client(build(), mode=era) as client:
        error = error_of(await client.call_tool("echo", {"text": "hi", "words": "hi"}))
    assert error["code"] == "invalid_request"


@both_eras
async def test_a_crash_tells_the_client_only_which_tool_and_the_log_only_where(era, caplog):
    async with Client(build(), mode=era) as client:
        result = await client.call_tool("crash", {"text": "Acme"})
    assert result.is_error
    assert result.structured_content is None
    assert [block.text for block in result.content] == ["Error executing tool crash"]
    text = "\n".join(MaskedFormatter().format(record) for record in caplog.records)
    assert "builtins.RuntimeError" in text
    assert "in crash" in text
    assert SECRET not in text
    assert "Acme" not in text


@both_eras
async def test_an_error_of_the_protocol_reaches_the_client_as_such(era):
    async def gone(request, services, caller):
        raise MCPError(-32000, "The connection is gone.")

    async with Client(build(tool(gone, Nothing, READ)), mode=era) as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("gone", {})
    assert caught.value.error.code == -32000


@both_eras
async def test_the_services_are_told_who_calls(era):
    async with Client(build(), mode=era) as client:
        result = await client.call_tool("echo", {})
    assert result.structured_content["client"] == "mcp"


@both_eras
async def test_progress_is_reported_to_a_client_that_asks(era):
    seen = []

    async def note(done, total, message):
        seen.append((done, total, message))

    async with Client(build(), mode=era) as client:
        await client.call_tool("progress", {}, progress_callback=note)
        await client.call_tool("progress", {})
    assert seen == [(1, 2, "half"), (2, 2, "all")]


async def test_services_are_made_by_the_first_call_once_and_closed_at_the_end(capsys):
    ToyServices.made = 0
    async with Client(build(), mode="auto") as client:
        await client.list_tools()
        assert ToyServices.made == 0
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(client.call_tool, "echo", {})
        assert ToyServices.made == 1
        assert "closed" not in capsys.readouterr().err
    assert capsys.readouterr().err == "closed\n"


async def test_a_failure_to_close_is_logged_and_hurts_nobody(monkeypatch, caplog):
    async def close(self):
        raise OSError(SECRET)

    monkeypatch.setattr(ToyServices, "close", close)
    async with Client(build(), mode="auto") as client:
        await client.call_tool("echo", {})
    assert "not closed properly" in caplog.text


async def test_a_read_past_its_deadline_is_stopped_and_answered(capsys):
    async with Client(build(deadline_s=0.05), mode="auto") as client:
        error = error_of(await client.call_tool("wait", {}))
    assert error["code"] == "deadline"
    assert error["retryable"] is True
    assert capsys.readouterr().err.startswith("waiting\nwaited\n")


async def test_a_write_that_has_begun_is_not_cut_short_by_the_deadline():
    async def slow(request, services, caller):
        await anyio.sleep(0.1)
        return {"done": True}

    server = build(tool(slow, Nothing, WRITE), deadline_s=0.01)
    async with Client(server, mode="auto") as client:
        result = await client.call_tool("slow", {})
    assert result.structured_content == {"done": True}


async def test_further_calls_wait_for_their_turn_and_all_are_answered(monkeypatch):
    made = []

    class Watched(ToyServices):
        def __init__(self):
            super().__init__()
            made.append(self)

    monkeypatch.setattr(toy_server, "ToyServices", Watched)
    results = []

    async def call(client):
        results.append(await client.call_tool("wait", {}))

    async with Client(build(), mode="auto") as client, anyio.create_task_group() as tasks:
        for _ in range(MAX_RUNNING + 10):
            tasks.start_soon(call, client)
        await anyio.wait_all_tasks_blocked()
        made[0].go_on.set()
    assert [result.structured_content for result in results] == [{"done": True}] * (MAX_RUNNING + 10)
    assert made[0].most_running == MAX_RUNNING


async def test_a_write_that_gets_no_turn_in_time_is_not_begun():
    server = build(tool(wait, Nothing, WRITE), tool(write, Nothing, WRITE), deadline_s=0.2)
    async with Client(server, mode="auto") as client, anyio.create_task_group() as tasks:
        for _ in range(MAX_RUNNING):
            tasks.start_soon(client.call_tool, "wait", {})
        await anyio.wait_all_tasks_blocked()
        error = error_of(await client.call_tool("write", {}))
        tasks.cancel_scope.cancel()
    assert error["code"] == "deadline"


@both_eras
async def test_an_unknown_prompt_is_a_protocol_error_that_names_the_prompts(era):
    server = build()
    server.prompt()(ask_prompt)
    async with Client(server, mode=era) as client:
        with pytest.raises(MCPError) as caught:
            await client.get_prompt("nope")
    assert caught.value.error.code == INVALID_PARAMS
    assert caught.value.error.data == {"prompts": ["ask_prompt"]}


@both_eras
async def test_a_prompt_without_a_required_argument_names_it(era):
    server = build()
    server.prompt()(ask_prompt)
    async with Client(server, mode=era) as client:
        with pytest.raises(MCPError) as caught:
            await client.get_prompt("ask_prompt")
        assert (await client.get_prompt("ask_prompt", {"who": "Acme"})).messages[0].content.text == "Ask Acme."
    assert caught.value.error.code == INVALID_PARAMS
    assert caught.value.error.data == {"missing": ["who"]}


@both_eras
async def test_a_crash_in_a_prompt_is_told_without_its_text(era):
    server = build()
    server.prompt()(broken_prompt)
    async with Client(server, mode=era) as client:
        with pytest.raises(MCPError) as caught:
            await client.get_prompt("broken_prompt")
    assert caught.value.error.code == INTERNAL_ERROR
    assert SECRET not in str(caught.value.error)


@both_eras
async def test_an_unknown_resource_is_a_protocol_error_that_names_it(era):
    async with Client(build(), mode=era) as client:
        with pytest.raises(MCPError) as caught:
            await client.read_resource("invoice://nope/1")
    assert caught.value.error.code == INVALID_PARAMS
    assert caught.value.error.data["uri"] == "invoice://nope/1"


@both_eras
async def test_the_handshake_tells_name_version_and_instructions(era):
    async with Client(build(), mode=era) as client:
        assert (client.server_info.name, client.server_info.version) == ("invoice-mcp", "1.2.3")
        assert client.instructions == "A toy."


def ask_prompt(who: str) -> str:
    """Ask somebody."""
    return f"Ask {who}."


def broken_prompt() -> str:
    """Never works."""
    raise RuntimeError(SECRET)


async def test_nothing_is_loaded_for_the_handshake():
    def too_early():
        raise AssertionError

    async with Client(InvoiceServer(too_early, too_early, instructions="", version=""), mode="auto") as client:
        assert client.server_info.name == "invoice-mcp"


def steps(server):
    return {type(step).__name__ for step in server.middleware}


def test_spans_are_made_only_where_something_can_receive_them(monkeypatch):
    assert "OpenTelemetryMiddleware" in steps(MCPServer("plain"))
    monkeypatch.setattr("invoice_mcp.server.server.find_spec", lambda name: None)
    assert steps(build()) == steps(MCPServer("plain")) - {"OpenTelemetryMiddleware"}
    monkeypatch.setattr("invoice_mcp.server.server.find_spec", lambda name: object())
    assert steps(build()) == steps(MCPServer("plain"))
