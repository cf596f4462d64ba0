"""Moneybird's own description of its API, which requests and replies are held against when it is at hand.

The environment variable `MONEYBIRD_OPENAPI` names the file. It is not part of this repository.
"""

import functools
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

VARIABLE = "MONEYBIRD_OPENAPI"
MISSING = f"{VARIABLE} does not name Moneybird's OpenAPI file: replies are NOT checked against the vendor's schemas"

_PREFIX = "/api/v2"
_NAME = "vendor"
# Of a long list the first ones are checked and the last one: they all come out of the same function.
_SAMPLE = 2


class Undescribed(AssertionError):
    """The file does not know such a request or reply."""


class VendorFile:
    """The file, and what was held against it.

    Attributes:
        seen: the operations, as `GET /administrations`, of which at least one successful reply was checked.
        unfit: what did not fit, in words.
    """

    def __init__(self, path: Path) -> None:
        self._document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        # The file breaks its own format in one place (a text where a default has to be true or false), which does not
        # matter as long as nobody validates the schemas themselves.
        resource = Resource(contents=self._document, specification=DRAFT202012)
        self._validator = _made_of(Registry().with_resource(_NAME, resource).crawl())
        self._templates = sorted(self._document["paths"], key=lambda template: template.count("{"))
        self.seen: set[str] = set()
        self.unfit: list[str] = []
        self._fitting: set[tuple[str, str]] = set()

    def check_reply(self, method: str, path: str, status: int, content_type: str, body: bytes) -> None:
        """Hold a reply against the schema of its operation and status.

        Raises:
            AssertionError: it does not fit; the message says where.
        """
        template = self._template(path)
        pointer = self._reply_pointer(template, method.lower(), status)
        if pointer is None:
            assert body == b"", "the vendor sends no body here"
        elif content_type.startswith("application/json"):
            self._check(pointer, _sampled(json.loads(body)))
        if status < 400:
            self.seen.add(f"{method} {template}")

    def check_request(self, method: str, path: str, body: bytes) -> None:
        """Hold a JSON request body against the schema of its operation.

        Raises:
            AssertionError: it does not fit; the message says where.
        """
        template = self._template(path)
        if body:
            where = ("paths", template, method.lower(), "requestBody", "content", "application/*", "schema")
            self._check(_pointer(*where), json.loads(body))

    def operations(self, under: str) -> set[str]:
        """Every operation whose path begins with `under`, as `GET /administrations`."""
        return {
            f"{method.upper()} {template}"
            for template, operations in self._document["paths"].items()
            if template.startswith(under)
            for method in operations
            if method in {"get", "post", "patch", "delete", "put"}
        }

    def _template(self, path: str) -> str:
        for template in self._templates:
            if _pattern(template).fullmatch(path.removeprefix(_PREFIX)):
                return template
        raise Undescribed(f"the vendor has no path {path}")

    def _reply_pointer(self, template: str, method: str, status: int) -> str | None:
        """Where the schema of a reply stands. Errors that an operation does not list have a shape of their own."""
        if method not in self._document["paths"][template]:
            raise Undescribed(f"the vendor has no {method} for {template}")
        replies = self._document["paths"][template][method]["responses"]
        where: tuple[str, ...] = ("paths", template, method, "responses", str(status))
        reply = replies.get(str(status))
        if reply is None:
            shared = [name for name in self._document["components"]["responses"] if name.startswith(f"{status}_")]
            if status < 400 or not shared:
                raise Undescribed(f"the vendor never answers {method} {template} with {status}")
            where = ("components", "responses", shared[0])
        elif "$ref" in reply:
            where = tuple(reply["$ref"].removeprefix("#/").split("/"))
        content = functools.reduce(lambda node, key: node[key], where, self._document).get("content")
        return content and _pointer(*where, "content", next(iter(content)), "schema")

    def _check(self, pointer: str, value: Any) -> None:
        known = (pointer, json.dumps(value, sort_keys=True))
        if known in self._fitting:
            return
        errors = [f"{error.json_path}: {error.message[:300]}" for error in self._validator(pointer).iter_errors(value)]
        self.unfit += errors
        assert errors == [], errors
        self._fitting.add(known)


def _made_of(registry: Registry) -> Callable[[str], Draft202012Validator]:
    """Validators by pointer, each made once."""

    @functools.cache
    def validator(pointer: str) -> Draft202012Validator:
        return Draft202012Validator(
            {"$ref": f"{_NAME}#{pointer}"}, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER
        )

    return validator


@functools.cache
def vendor_file() -> VendorFile | None:
    """The file, read once; None when it is not at hand."""
    named = os.environ.get(VARIABLE)
    return VendorFile(Path(named)) if named else None


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    escaped = re.escape(template).replace(r"\{format\}", r"(?:\.json|\.xml)?")
    escaped = re.sub(r"\\\{(?:invoice_id|reference|customer_id)\\\}", "[^/]+", escaped)
    return re.compile(re.sub(r"\\\{\w+\\\}", "[0-9]+", escaped))


def _pointer(*keys: str) -> str:
    return "".join(f"/{key.replace('~', '~0').replace('/', '~1')}" for key in keys)


def _sampled(body: Any) -> Any:
    return [*body[:_SAMPLE], *body[_SAMPLE:][-1:]] if isinstance(body, list) else body
