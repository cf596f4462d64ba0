"""A refusal says that a credential expired only where it says that and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoice_mcp.net.expiry import challenge_says_expired, token_refusal_says_expired

CHALLENGES = {
    'Bearer realm="example", error="invalid_token", error_description="The access token expired"': True,
    'bearer error_description="Token has EXPIRED.", error=invalid_token': True,
    'Basic realm="x", Bearer error="invalid_token", error_description="expired"': True,
    "": False,
    "Bearer": False,
    'Bearer error="invalid_token"': False,
    'Bearer error="invalid_token", error_description="The access token is invalid"': False,
    'Bearer error="invalid_token", error_description="The access token was revoked"': False,
    # The sentence of the RFC itself, which many servers send whatever is wrong.
    'Bearer error="invalid_token", error_description="The access token provided is expired, revoked, malformed, or '
    'invalid for other reasons."': False,
    'Bearer error="invalid_token", error_description="Invalid or expired token"': False,
    'Bearer error="invalid_token", error_description="The token has not expired"': False,
    'Bearer error="insufficient_scope", error_description="The grant expired"': False,
    'Bearer realm="error=\\"invalid_token\\", error_description=\\"expired\\""': False,
    'Basic error="invalid_token", error_description="expired"': False,
    "Bearer " + "x" * 5000 + ', error="invalid_token", error_description="expired"': False,
}


@pytest.mark.parametrize("challenge", CHALLENGES)
def test_a_challenge(challenge: str) -> None:
    assert challenge_says_expired(challenge) is CHALLENGES[challenge]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"error": "invalid_client", "error_description": "The client secret has expired."}, True),
        ({"error": "invalid_client", "error_description": "Client authentication failed."}, False),
        ({"error": "invalid_client", "error_description": "Unknown client, or its secret expired."}, False),
        ({"error": "invalid_client", "error_description": 1}, False),
        ({"error": "invalid_grant", "error_description": "The code expired."}, False),
        ({"error": "invalid_client"}, False),
        ([], False),
        (None, False),
    ],
)
def test_a_refusal_of_a_token(body: Any, says: bool) -> None:
    assert token_refusal_says_expired(body) is says


@given(st.text() | st.from_regex(r'Bearer ([a-z_]+="?[^"]*"?,? ?){0,9}', fullmatch=True))
def test_whatever_is_sent_is_read(challenge: str) -> None:
    assert challenge_says_expired(challenge) in (True, False)
