"""What the vendor says when it refuses: `detail` as a sentence, as an object, or as a list of objects."""

from typing import Any

from invoice_mcp.sandbox.next_project.switches import Switches


class Refusal(Exception):
    """An answer that ends the request: `status` and a JSON `body`."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def said(status: int, sentence: str, switches: Switches) -> Refusal:
    """A status of its own, with a sentence."""
    detail: Any = sentence if switches.refusal_shape == "sentence" else {"msg": sentence}
    return Refusal(status, {"detail": detail})


def bad_filter(sentence: str) -> Refusal:
    """The 422 of a filter: one object."""
    return Refusal(422, {"detail": {"loc": ["filter_str"], "msg": sentence, "type": "format"}})


def invalid(place: tuple[str, ...], sentence: str, kind: str) -> Refusal:
    """The 422 of a parameter or a body: a list of objects."""
    return Refusal(422, {"detail": [{"loc": list(place), "msg": sentence, "type": kind}]})


def not_found(switches: Switches) -> Refusal:
    """A record that is not there."""
    return said(switches.unknown_id, "Record not found", switches)
