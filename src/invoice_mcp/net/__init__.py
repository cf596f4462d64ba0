"""HTTP to the vendors: the only package that knows an HTTP library, and none of it is imported before the first call.

A backend is handed an `ApiClient` and sees replies, errors of `invoice_mcp.errors`, and two exceptions it has to make
sense of itself: `Refusal` and, for a write, `LostAnswer`.
"""

from invoice_mcp.net.answers import ClientNotAccepted, LostAnswer, NotAccepted, Refusal, Reply
from invoice_mcp.net.auth import Auth, SecretHeader, StaticHeaders
from invoice_mcp.net.client import ApiClient
from invoice_mcp.net.client_credentials import ClientCredentials
from invoice_mcp.net.encode import Json, JsonText, encode_json
from invoice_mcp.net.forms import post_form_once
from invoice_mcp.net.kept import Kept
from invoice_mcp.net.limits import Budget, Limits, Window
from invoice_mcp.net.origin import NextLink, Origin, origin_of

__all__ = [
    "ApiClient",
    "Auth",
    "Budget",
    "ClientCredentials",
    "ClientNotAccepted",
    "Json",
    "JsonText",
    "Kept",
    "Limits",
    "LostAnswer",
    "NextLink",
    "NotAccepted",
    "Origin",
    "Refusal",
    "Reply",
    "SecretHeader",
    "StaticHeaders",
    "Window",
    "encode_json",
    "origin_of",
    "post_form_once",
]
