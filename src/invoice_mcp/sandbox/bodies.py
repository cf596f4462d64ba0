"""Bodies of requests to the doubles."""

import json
from decimal import Decimal
from typing import Any


def json_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in a body, with exact numbers; an empty body is an empty object.

    Raises:
        ValueError: not JSON, or not an object.
    """
    body = json.loads(raw or b"{}", parse_float=Decimal)
    if not isinstance(body, dict):
        raise ValueError("not an object")
    return body
