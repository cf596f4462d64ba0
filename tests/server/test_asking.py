"""Questions to the person in front of the client, in both eras of the protocol."""

import json
from types import SimpleNamespace

import anyio
import pytest
from mcp.client import Client
from mcp.types import INVALID_PARAMS, ClientCapabilities, ElicitationCapability, ElicitResult, ErrorData

from invoice_mcp.server import caller

from .toy_server import build
from .wire_client import LEGACY, MODERN, in_process

both_eras = pytest.mark.parametrize("era", ["legacy", "auto"])
both_wires = pytest.mark.parametrize("era", [LEGACY, MODERN])

QUESTION = {
    "mode": "form",
    "message": "Send it?",
    "requestedSchema": {
        "type": "object",
        "properties": {"agree": {"type": "boolean", "title": "Agree", "description": "Do this now"}},
        "required": ["agree"],
    },
}
CAN_ASK = {"elicitation": {}}
YES = {"action": "accept", "content": {"agree": True}}


async def asked(era, reply):
    """The answer to a call that asks, when the client replies with `reply`."""
    questions = []

    async def answer(context, params):
        questions.append(params.message)
        return reply

    async with Client(build(), mode=era, elicitation_callback=answer) as client:
        result = await client.call_tool("agree", {})
    assert questions == ["Send it?"]
    return result


@both_eras
@pytest.mark.parametrize(
    ("reply", "agreed"),
    [
        (ElicitResult(action="accept", content={"agree": True}), True),
        (ElicitResult(action="accept", content={"agree": False}), False),
        (ElicitResult(action="accept", content={"agree": "true"}), False),
        (ElicitResult(action="accept", content={"agree": 1}), False),
        (ElicitResult(action="accept", content={}), False),
        (ElicitResult(action="accept"), False),
        (ElicitResult(action="decline", content={"agree": True}), False),
        (ElicitResult(action="cancel"), False),
    ],
)
async def test_a_person_agrees_only_by_sending_the_form_with_a_yes_in_it(era, reply, agreed):
    result = await asked(era, reply)
    assert result.structured_content["agreed"] is agreed
    assert result.structured_content["token"] == "a token"


async def test_a_reply_in_the_older_era_comes_within_the_call_and_in_the_newer_one_with_the_next():
    yes = ElicitResult(action="accept", content={"agree": True})
    assert (await asked("legacy", yes)).structured_content["rounds"] == 1
    assert (await asked("auto", yes)).structured_content["rounds"] == 2


async def test_a_client_that_fails_to_ask_is_answered_with_declined():
    result = await asked("legacy", ErrorData(code=-32603, message="no screen"))
    assert json.loads(result.content[0].text)["error"]["code"] == "declined"


async def test_a_person_who_does_not_answer_is_not_waited_for_without_end(monkeypatch):
    monkeypatch.setattr(caller, "REPLY_WITHIN_S", 0.05)

    async def never(context, params):
        await anyio.sleep_forever()

    async with Client(build(), mode="legacy", elicitation_callback=never) as client:
        result = await client.call_tool("agree", {})
    assert json.loads(result.content[0].text)["error"]["code"] == "declined"


@both_wires
@pytest.mark.parametrize(
    ("capabilities", "can_ask"),
    [
        ({}, False),
        ({"elicitation": {}}, True),
        ({"elicitation": {"form": {}}}, True),
        ({"elicitation": {"form": {}, "url": {}}}, True),
        ({"elicitation": {"url": {}}}, False),
    ],
)
async def test_only_a_client_that_said_it_can_show_a_form_is_asked(era, capabilities, can_ask):
    async with in_process(build()) as client:
        await client.hello(era, capabilities)
        await client.start_call("agree")
        answer = await client.receive()
    assert answer.get("result", {}).get("structuredContent", {}).get("cannot", False) is not can_ask


def test_a_client_of_the_older_era_is_not_asked_where_the_transport_takes_no_requests_to_it():
    can_show = ClientCapabilities(elicitation=ElicitationCapability())
    for open_to_requests in (True, False):
        session = SimpleNamespace(can_send_request=open_to_requests)
        context = SimpleNamespace(client_capabilities=can_show, protocol_version=LEGACY, session=session)
        assert caller.SessionCaller(context).can_ask is open_to_requests


async def test_in_the_older_era_the_question_is_a_request_of_the_server():
    async with in_process(build()) as client:
        await client.hello(LEGACY, CAN_ASK)
        request_id = await client.start_call("agree")
        question = await client.receive()
        assert question["method"] == "elicitation/create"
        assert question["params"] == QUESTION
        await client.send({"id": question["id"], "result": YES})
        answer = await client.receive()
    assert answer["id"] == request_id
    assert answer["result"]["structuredContent"]["agreed"] is True


async def test_in_the_older_era_a_reply_that_is_none_is_answered_with_declined():
    async with in_process(build()) as client:
        await client.hello(LEGACY, CAN_ASK)
        await client.start_call("agree")
        question = await client.receive()
        await client.send({"id": question["id"], "result": {"action": "perhaps"}})
        result = (await client.receive())["result"]
    assert json.loads(result["content"][0]["text"])["error"]["code"] == "declined"


async def test_in_the_newer_era_the_question_is_the_answer_and_its_state_is_sealed():
    async with in_process(build()) as client:
        await client.hello(MODERN, CAN_ASK)
        result = await client.call("agree")
    assert result["resultType"] == "input_required"
    (question,) = result["inputRequests"].values()
    assert question["method"] == "elicitation/create"
    assert question["params"] == QUESTION
    assert "a token" not in result["requestState"]


async def test_in_the_newer_era_state_of_another_call_or_tampered_with_is_refused():
    async with in_process(build()) as client:
        await client.hello(MODERN, CAN_ASK)
        state = (await client.call("agree"))["requestState"]

        async def again(text, state):
            call = {"name": "agree", "arguments": {"text": text} if text else {}}
            return await client.request("tools/call", {**call, "inputResponses": {"agree": YES}, "requestState": state})

        assert (await again("other", state))["error"]["code"] == INVALID_PARAMS
        assert (await again("", "v1.AAAA"))["error"]["code"] == INVALID_PARAMS
        assert (await again("", state))["result"]["structuredContent"]["agreed"] is True


async def test_in_the_newer_era_a_reply_without_state_is_to_no_question_and_asked():
    async with in_process(build()) as client:
        await client.hello(MODERN, CAN_ASK)
        answer = await client.request(
            "tools/call", {"name": "agree", "arguments": {}, "inputResponses": {"agree": YES}}
        )
    assert answer["result"]["resultType"] == "input_required"


@pytest.mark.parametrize("more", [{}, {"inputResponses": {}}, {"inputResponses": {"other": YES}}], ids=str)
async def test_in_the_newer_era_a_second_round_without_a_reply_is_a_no_and_not_a_third_round(more):
    async with in_process(build()) as client:
        await client.hello(MODERN, CAN_ASK)
        call = {"name": "agree", "arguments": {}, "requestState": (await client.call("agree"))["requestState"]}
        answer = await client.request("tools/call", {**call, **more})
    assert answer["result"]["structuredContent"] == {"agreed": False, "token": "a token", "rounds": 2}


async def test_a_call_cancelled_while_the_person_thinks_is_not_answered():
    async with in_process(build()) as client:
        await client.hello(LEGACY, CAN_ASK)
        request_id = await client.start_call("agree")
        question = await client.receive()
        await client.send({"method": "notifications/cancelled", "params": {"requestId": request_id}})
        withdrawn = await client.receive()
        assert withdrawn["method"] == "notifications/cancelled"
        assert withdrawn["params"]["requestId"] == question["id"]
        assert (await client.call("echo"))["isError"] is False
