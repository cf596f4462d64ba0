"""What the vendor says when it refuses, in its two shapes of error body."""

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """An answer that ends the request: `status`, a JSON `body`, and headers of its own."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = headers or {}


def symbolic(status: int, error: str, **codes: Any) -> Refusal:
    """The shape of 400, 401, 402 and 404: one sentence and, per field, a code."""
    return Refusal(status, {"error": error, "symbolic": codes} if codes else {"error": error})


def not_a_token(status: int = 401, *, expired: bool = False) -> Refusal:
    """What is sent opens nothing; `expired` says why, as RFC 6750 has it."""
    said = 'Bearer realm="Moneybird", error="invalid_token", error_description="The access token expired"'
    body = symbolic(status, "token is invalid", request="invalid_grant").body
    return Refusal(status, body, {"WWW-Authenticate": said} if expired else None)


def not_found(**codes: str) -> Refusal:
    """No such record; the field that named it is the one keyword."""
    return symbolic(404, "record not found", **codes)


def no_record(field: str) -> Refusal:
    """No record with the id that stands in `field`."""
    return not_found(**{field: "not_found"})


def required(field: str) -> Refusal:
    """The body lacks its outermost attribute."""
    return symbolic(400, f"{field.replace('_', ' ').title()} is required", **{field: "required"})


def invalid_fields(problems: Mapping[str, "list[Problem]"]) -> Refusal:
    """The shape of 422: per field, sentences and codes side by side."""
    return Refusal(
        422,
        {
            "error": {field: [problem["message"] for problem in found] for field, found in problems.items()},
            "details": {
                field: [{key: value for key, value in problem.items() if key != "message"} for problem in found]
                for field, found in problems.items()
            },
        },
    )


Problem = dict[str, Any]
"""One entry of a 422: `message` for the sentence, `error` for the code, and what the code comes with."""


def invalid(field: str, message: str, code: str, **more: Any) -> Refusal:
    """A 422 about one field."""
    return invalid_fields({field: [{"message": message, "error": code, **more}]})


BLANK: Problem = {"message": "can't be blank", "error": "blank"}
NO_DATE: Problem = {"message": "is not a valid date", "error": "is not a valid date"}
