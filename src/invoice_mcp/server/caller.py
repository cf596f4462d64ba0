"""The client of one call, as the tools see it: its name, its progress bar, and the person in front of it.

How a person is asked differs between the eras of the protocol. Up to 2025-11-25 the server sends a request of its own
in the middle of the call and waits. From 2026-07-28 on it answers the call with the question; the client calls again
with the reply and with the state it was given, which the SDK has sealed and bound to the tool and its arguments.
"""

from typing import TYPE_CHECKING, Any, Final

import anyio
from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult
from mcp.types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from invoice_mcp.errors import Declined

if TYPE_CHECKING:
    from invoice_mcp.service.caller import Reply

MAX_CLIENT_NAME: Final = 100

REPLY_WITHIN_S: Final = 600.0
"""How long a person may think; as long as the SDK keeps the state of a question in the newer era."""

AGREE: Final = "agree"
"""The one field of the form, and the name of the question."""

FORM: Final = {
    "type": "object",
    "properties": {AGREE: {"type": "boolean", "title": "Agree", "description": "Do this now"}},
    "required": [AGREE],
}


class AskedFirst(Exception):
    """Ends a round whose answer is a question. Not a failure: `result` is what the client gets."""

    def __init__(self, result: InputRequiredResult) -> None:
        super().__init__("a question was asked")
        self.result = result


class SessionCaller:
    """A `Caller` on top of the request being served."""

    def __init__(self, context: Context[Any, Any]) -> None:
        self._context = context

    @property
    def client(self) -> str:
        """The client's name, from `initialize` or from the request itself; empty when it gave none."""
        from invoice_mcp.domain.text import clean_text

        params = self._context.session.client_params
        return "" if params is None else clean_text(params.client_info.name, MAX_CLIENT_NAME)

    @property
    def can_ask(self) -> bool:
        """Whether the client said it can show a form. One that names no kind of form can, by the older revisions."""
        capabilities = self._context.client_capabilities
        kinds = None if capabilities is None else capabilities.elicitation
        if kinds is None or (kinds.form is None and kinds.url is not None):
            return False
        return self._asks_first or self._context.session.can_send_request

    @property
    def reply(self) -> "Reply | None":
        """The reply that came with this round and the token it is for; None in a first round.

        A second round is the last: one that brings the token and no reply, or no form, has said no.
        """
        from invoice_mcp.service.caller import Reply

        token = self._context.request_state
        if token is None:
            return None
        given = (self._context.input_responses or {}).get(AGREE)
        return Reply(token, isinstance(given, ElicitResult) and _agreed(given))

    async def ask(self, question: str, token: str) -> bool:
        """Put a question to the person; whether they agree.

        Raises:
            AskedFirst: the reply comes with a later call.
            Declined: there was no reply.
        """
        form = ElicitRequestFormParams(message=question, requested_schema=FORM)
        if self._asks_first:
            raise AskedFirst(
                InputRequiredResult(input_requests={AGREE: ElicitRequest(params=form)}, request_state=token)
            )
        with anyio.move_on_after(REPLY_WITHIN_S):
            try:
                return _agreed(
                    await self._context.session.elicit_form(
                        form.message, form.requested_schema, self._context.request_context.request_id
                    )
                )
            except (MCPError, ValidationError):
                pass  # the client said it can ask, and then could not
        raise Declined("The person gave no answer; nothing was written.", next="Ask the user whether to try again.")

    async def progress(self, done: int, total: int, message: str) -> None:
        """Report progress, if the request asked for it."""
        await self._context.report_progress(done, total, message)

    @property
    def _asks_first(self) -> bool:
        return self._context.protocol_version in MODERN_PROTOCOL_VERSIONS


def _agreed(given: ElicitResult) -> bool:
    """Whether the form was sent off with a yes in it. Clients are not trusted to have checked it against the form."""
    return given.action == "accept" and (given.content or {}).get(AGREE) is True
