"""Each refusal of the services is one of the contract's errors, in clear words."""

from __future__ import annotations

import json

import pytest

from agentdesk.sdk.errors import AuthFailed, ConnectorError, RateLimited, Rejected, Unreachable
from agentdesk_connectors.bluesky.errors import Forbidden, Stale, Taken, refusal
from agentdesk_connectors.http import Gone, Interrupted, Nonsense


@pytest.mark.parametrize(
    ("status", "name", "words", "error"),
    [
        (429, "RateLimitExceeded", "Rate Limit Exceeded", RateLimited),
        (400, "ExpiredToken", "Token has expired", Stale),
        (400, "InvalidToken", "Token could not be verified", Stale),
        (401, "AuthenticationRequired", "Invalid identifier or password", Stale),
        (400, "InvalidToken", "Bad token scope", Forbidden),
        (403, "ScopeMissingError", "Missing required scope", Forbidden),
        (401, "AccountTakedown", "Account has been taken down", AuthFailed),
        (400, "AccountDeactivated", "Account is deactivated", AuthFailed),
        (401, "AuthFactorTokenRequired", "A sign in code has been sent", AuthFailed),
        (400, "RecordNotFound", "Could not locate record: at://x", Gone),
        (400, "InvalidRequest", "Could not locate record: at://x", Gone),
        (400, "InvalidRequest", "Convo not found", Gone),
        (404, "NotFound", "", Gone),
        (400, "InvalidSwap", "Record was at bafy", Taken),
        (400, "InvalidRequest", "Record/text must not be longer", Rejected),
        (413, "PayloadTooLarge", "request entity too large", Rejected),
        (302, "", "", Unreachable),
        (500, "InternalServerError", "Internal Server Error", Interrupted),
        (502, "UpstreamFailure", "Upstream service unreachable", Interrupted),
        (204, "", "", Nonsense),
    ],
)
def test_refusals_are_told_apart(status: int, name: str, words: str, error: type[ConnectorError]) -> None:
    body = json.dumps({"error": name, "message": words}).encode()
    found = refusal("bsky.example", status, {}, body)
    assert type(found) is error
    assert str(found.message)
    assert found.hint is not None or not isinstance(found, AuthFailed)


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("InvalidRequest", "recipient has disabled incoming messages", "They take no private messages."),
        ("MessagesDisabled", "", "They take no private messages."),
        (
            "InvalidRequest",
            "recipient requires incoming messages to come from someone they follow",
            "They take private messages only from accounts that they follow.",
        ),
        ("InvalidRequest", "block between recipient and sender", "They have blocked this account."),
        ("ConvoLocked", "Conversation is locked", "This talk has been closed."),
        ("BlobTooLarge", "This file is too large.", "The file is too large for Bluesky."),
    ],
)
def test_known_reasons_are_told_in_clear_words(name: str, words: str, said: str) -> None:
    found = refusal("bsky.example", 400, {}, json.dumps({"error": name, "message": words}).encode())
    assert isinstance(found, Rejected)
    assert (str(found.message), found.answer) == (said, words)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": 5, "message": {}}', b"[" * 10_000])
def test_bodies_that_make_no_sense_do_no_harm(body: bytes) -> None:
    assert isinstance(refusal("bsky.example", 400, {}, body), Rejected)
    assert isinstance(refusal("bsky.example", 503, {}, body), Unreachable)
