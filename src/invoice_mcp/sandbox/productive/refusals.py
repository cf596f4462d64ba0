"""What the vendor says when it refuses: a JSON:API document of errors, with the vendor's peculiarities.

`source.pointer` lacks its leading slash, and `status` inside is not always a number.
"""

from typing import Any


class Refusal(Exception):
    """An answer that ends the request: `status` and a JSON `body`."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def refusal(status: int, code: str, title: str, detail: str | None, pointer: str | None = None) -> Refusal:
    """One error in an envelope."""
    error: dict[str, Any] = {"status": str(status), "code": code, "title": title, "meta": {}, "source": {}}
    if detail is not None:
        error["detail"] = detail
    if pointer is not None:
        error["source"] = {"pointer": pointer}
    return Refusal(status, {"errors": [error]})


def unauthenticated() -> Refusal:
    """No token, or a wrong one."""
    return refusal(401, "invalid_auth_token", "Unauthenticated", "You are not authenticated")


def no_person() -> Refusal:
    """A token of somebody who is not in that organisation."""
    return refusal(403, "no_person", "Access Denied", "There is no person for this X-Auth-Token and X-Organization-Id")


def financials_unavailable() -> Refusal:
    """A plan or a permission without invoices."""
    return refusal(403, "financials_unavailable", "Access Denied", "Financials are not available")


def not_found() -> Refusal:
    """No such record in this organisation."""
    return refusal(404, "record_not_found", "Record Not Found", "Record could not be found")


def unsupported_media_type() -> Refusal:
    """A write that is not JSON:API."""
    return refusal(415, "unsupported_media_type", "Unsupported Media Type", "Use application/vnd.api+json")


def invalid(field: str, detail: str, code: str = "invalid_attribute_value") -> Refusal:
    """A value that cannot be."""
    return refusal(422, code, "Invalid Attribute Value", detail, f"data/attributes/{field}")


def unsupported_filter(status: int, name: str) -> Refusal:
    """A filter, or an operation of one, that a list does not have."""
    code = "unsupported_filter" if status == 400 else "filter_param_unsupported"
    return refusal(status, code, "Unsupported Filter", f"{name} is not supported")


def unsupported_include(name: str) -> Refusal:
    """A relationship that a record does not have."""
    return refusal(400, "unsupported_include", "Unsupported Include", f"{name} is not supported")


def unsupported_sort(name: str) -> Refusal:
    """An order that a list does not have; the status inside is a word, as it was recorded."""
    answer = refusal(400, "sort_param_unsupported", "Sort param unsupported", f"{name} is not supported")
    answer.body["errors"][0]["status"] = "unprocessable_content"
    return answer
