"""No secret, body, header or address comes out of a call in any way but over the wire."""

import logging
import traceback

import pytest

from invoice_mcp.errors import InvoiceError
from invoice_mcp.net import ClientCredentials, LostAnswer, Refusal, SecretHeader, StaticHeaders
from tests.net.conftest import ConnectTo, FakeSecret, HeldClock, origin, shortest
from tests.net.peer import Peer, message, raw, reply
from tests.net.test_outcomes import CASES, KINDS, Case

CANARY = "canary-7f3a"


def everything(error: BaseException, log: pytest.LogCaptureFixture) -> str:
    """All that a log, a report of a crash or a caller could get to see, local variables aside."""
    told = [repr(error), str(error), "".join(traceback.format_exception(error)), repr(error.__dict__)]
    if isinstance(error, InvoiceError):
        told.append(str(error.as_dict()))
    return "\n".join([*told, log.text])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_no_outcome_tells_a_secret(
    case: Case, kind: str, peer: Peer, connect: ConnectTo, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    peer.otherwise = case.act
    auth = StaticHeaders(
        [SecretHeader("Authorization", FakeSecret(CANARY), "Bearer "), SecretHeader("X-Key", FakeSecret(CANARY))],
        account="books",
    )
    client = connect(peer.url, auth=auth, timeout_s=30)
    told = ""
    try:
        if kind == "read":
            told = repr(await client.get(["x", CANARY], [("key", CANARY)]))
        else:
            told = repr(await client.send("POST", ["x"], json={"secret": CANARY}, headers=[("X-Other", CANARY)]))
    except (InvoiceError, Refusal, LostAnswer) as error:
        told = everything(error, caplog)
    assert CANARY in peer.requests[0].headers["authorization"]
    for hidden in (CANARY, str(peer.port), "127.0.0.1"):
        assert hidden not in f"{told} {client!r} {auth!r} {caplog.text}"


@pytest.mark.parametrize("body", [{"error": CANARY}, {"access_token": CANARY + "\n"}, [CANARY], CANARY])
@pytest.mark.parametrize("status", [200, 400, 401, 500])
async def test_the_answer_to_a_token_request_is_never_told(
    status: int, body: object, peer: Peer, connect: ConnectTo, clock: HeldClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    peer.otherwise = reply(body, status)
    auth = ClientCredentials(
        origin(peer.url),
        account="crm",
        client_id=CANARY,
        client_secret=FakeSecret(CANARY),
        scope="read",
        clock=clock,
        jitter=shortest,
    )
    with pytest.raises(InvoiceError) as caught:
        await connect(peer.url, auth=auth).get(["x"])
    assert CANARY not in everything(caught.value, caplog) + repr(auth) + repr(auth._token)


async def test_a_token_is_in_no_representation(peer: Peer, connect: ConnectTo, clock: HeldClock) -> None:
    peer.otherwise = reply({"access_token": CANARY})
    auth = ClientCredentials(
        origin(peer.url), account="crm", client_id="id", client_secret=FakeSecret("s"), scope="read", clock=clock
    )
    found = await connect(peer.url, auth=auth).get(["x"])
    assert CANARY in peer.requests[-1].headers["authorization"]
    assert CANARY not in repr(auth) + repr(auth._token) + repr(found)


async def test_the_loggers_of_the_http_library_stay_quiet(
    peer: Peer, connect: ConnectTo, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    peer.play(raw(message(200, b"{}", {"X-Vendor": CANARY})))
    await connect(peer.url).get(["x"])
    assert [record for record in caplog.records if record.name.startswith(("httpx", "httpcore"))] == []


@pytest.mark.parametrize(
    "case", [case for case in CASES if issubclass(case.read[0], InvoiceError)], ids=lambda c: c.name
)
async def test_every_complaint_names_the_account_and_says_what_to_do(
    case: Case, peer: Peer, connect: ConnectTo
) -> None:
    peer.otherwise = case.act
    with pytest.raises(InvoiceError) as caught:
        await connect(peer.url).get(["x"])
    assert "account books" in caught.value.message
    assert caught.value.message.endswith(".")
    assert caught.value.next.endswith(".")
