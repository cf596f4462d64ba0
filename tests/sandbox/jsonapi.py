"""Replies of Productive held against JSON:API, and their attributes against the vendor's own lists.

The schema is the part of jsonapi.org/format (1.0) that every document obeys: its top level, resource objects, linkage,
error objects. The vendor leaves out `links.self` and adds `meta.included`, which the format allows.
"""

import functools
import json
from typing import Any, Final

from jsonschema import Draft202012Validator

from tests.sandbox.overheard import Heard, overheard
from tests.sandbox.productive_attributes import ATTRIBUTES, RELATIONSHIPS, SENDING, WRITABLE

MEDIA_TYPE: Final = "application/vnd.api+json"

_IDENTIFIER: Final = {
    "type": "object",
    "required": ["type", "id"],
    "properties": {"type": {"type": "string"}, "id": {"type": "string"}, "meta": {"type": "object"}},
    "additionalProperties": False,
}
_RELATIONSHIP: Final = {
    "type": "object",
    "minProperties": 1,
    "properties": {
        "data": {"anyOf": [{"type": "null"}, _IDENTIFIER, {"type": "array", "items": _IDENTIFIER}]},
        "meta": {"type": "object"},
        "links": {"type": "object"},
    },
    "additionalProperties": False,
}
_RESOURCE: Final = {
    "type": "object",
    "required": ["type", "id"],
    "properties": {
        "type": {"type": "string"},
        "id": {"type": "string"},
        "attributes": {"type": "object", "not": {"anyOf": [{"required": ["id"]}, {"required": ["type"]}]}},
        "relationships": {"type": "object", "additionalProperties": _RELATIONSHIP},
        "links": {"type": "object"},
        "meta": {"type": "object"},
    },
    "additionalProperties": False,
}
_ERROR: Final = {
    "type": "object",
    "minProperties": 1,
    "properties": {
        "id": {"type": "string"},
        "links": {"type": "object"},
        "status": {"type": "string"},
        "code": {"type": "string"},
        "title": {"type": "string"},
        "detail": {"type": "string"},
        "source": {"type": "object"},
        "meta": {"type": "object"},
    },
    "additionalProperties": False,
}
_TOP_LEVEL: Final = {
    "type": "object",
    "oneOf": [{"required": ["data"]}, {"required": ["errors"]}],
    "dependentRequired": {"included": ["data"]},
    "properties": {
        "data": {"type": ["null", "object", "array"]},
        "errors": {"type": "array", "items": _ERROR},
        "included": {"type": "array"},
        "links": {"type": "object", "additionalProperties": {"type": "string"}},
        "meta": {"type": "object"},
        "jsonapi": {"type": "object"},
    },
    "additionalProperties": False,
}
_DOCUMENTS: Final = Draft202012Validator(_TOP_LEVEL)
_RESOURCES: Final = Draft202012Validator(_RESOURCE)


def check_document(document: Any) -> None:
    """Let pass what JSON:API and the vendor's lists of attributes allow.

    Raises:
        AssertionError: something else.
    """
    _check(_DOCUMENTS, document)
    data = document.get("data") or []
    included = document.get("included", [])
    for resource in [*(data if isinstance(data, list) else [data]), *included]:
        check_resource(json.dumps(resource))
    linked = [(each["type"], each["id"]) for each in included]
    assert len(linked) == len(set(linked)), "a resource is included twice"


@functools.lru_cache(maxsize=4096)
def check_resource(text: str) -> None:
    """As `check_document`, for one resource; the same one is looked at once."""
    resource = json.loads(text)
    _check(_RESOURCES, resource)
    kind = resource["type"]
    assert resource.get("attributes", {}).keys() <= ATTRIBUTES[kind], kind
    assert resource.get("relationships", {}).keys() <= RELATIONSHIPS[kind], kind


def _check(validator: Draft202012Validator, value: Any) -> None:
    wrong = next(validator.iter_errors(value), None)
    assert wrong is None, f"{wrong.json_path}: {wrong.message[:200]}"


def check_reply(status: int, media_type: str, body: bytes) -> None:
    """As `check_document`, for a whole answer; one without content has no type either."""
    if body:
        assert media_type.partition(";")[0] == MEDIA_TYPE
        check_document(json.loads(body))
    else:
        assert status in (204, 429)


def checked(app: Any) -> Any:
    """`app`, its replies checked on their way out and the documents it is sent on their way in."""
    return overheard(app, _judge)


def _judge(heard: Heard) -> None:
    check_reply(heard.status, heard.media_type, heard.answered)
    if heard.asked and heard.status < 300:
        _check_request(heard.path, json.loads(heard.asked))


def _check_request(path: str, document: Any) -> None:
    """Let pass documents that say what the vendor's pages list as writable, and nothing else."""
    assert document.keys() == {"data"}
    data = document["data"]
    assert data.keys() <= {"type", "id", "attributes", "relationships"}
    said = {*data.get("attributes", {}), *data.get("relationships", {})}
    if path.endswith("/send"):
        assert said <= SENDING
    elif path.endswith("/finalize"):
        assert said <= {"number"}
    else:
        assert said <= WRITABLE[data["type"]], said - WRITABLE[data["type"]]
    for relationship in data.get("relationships", {}).values():
        assert relationship.keys() == {"data"}
