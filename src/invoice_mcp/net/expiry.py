"""Whether a refusal says that the credential was right and has expired.

The codes of OAuth do not tell: `invalid_token` (RFC 6750, section 3.1) and `invalid_client` (RFC 6749, section 5.2)
stand for mistyped and revoked as well. Only the description does, which is free text; so it counts where it speaks of
expiry and of nothing else. "Expired, revoked or malformed" says nothing.
"""

import re
from typing import Any, Final

_PARAMETER: Final = re.compile(r'([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', re.IGNORECASE)
_EXPIRED: Final = re.compile(r"\bexpired\b", re.IGNORECASE)
_OR_ELSE: Final = re.compile(r"\b(?:or|not|revoked|malformed|invalid|incorrect|wrong)\b", re.IGNORECASE)
_MAX_LENGTH: Final = 2_000


def challenge_says_expired(challenge: str) -> bool:
    """Whether a `WWW-Authenticate` refuses a bearer token because it has expired."""
    if "bearer" not in challenge[:_MAX_LENGTH].casefold():
        return False
    found = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(challenge[:_MAX_LENGTH])}
    return found.get("error") == "invalid_token" and _says_expired(found.get("error_description", ""))


def token_refusal_says_expired(body: Any) -> bool:
    """Whether the service that hands out tokens refuses a client because what it signs in with has expired."""
    match body:
        case {"error": "invalid_client", "error_description": str(description)}:
            return _says_expired(description[:_MAX_LENGTH])
        case _:
            return False


def _says_expired(description: str) -> bool:
    return _EXPIRED.search(description) is not None and _OR_ELSE.search(description) is None
