"""Ids in References and In-Reply-To, as mail programs really write them."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from uuid import UUID

from agentdesk.sdk.tokens import encode_token
from agentdesk_connectors.email import interpret

CONVERSATION = UUID("01a2008e-f2d3-733b-a4f0-a3cbbe4c2a2f")
OURS = (
    f"01a2008ef2d3733ba4f0a3cbbe4c2a2f.{encode_token(CONVERSATION, '0123456789abcdef0123')}@larkfield.example"
)


def test_long_ids_written_as_encoded_words_are_read() -> None:
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"] = "sofia@torino.example"
    mail["In-Reply-To"] = f"<{OURS}>"
    mail["References"] = f"<first@torino.example> <{OURS}>"
    mail.set_content("Sono in ferie.")
    raw = mail.as_bytes()
    assert b"=?utf-8?q?" in raw, "the standard library writes them right now: this test is no longer needed"
    read = interpret(raw, {})
    assert read.references == ("first@torino.example", OURS)
    assert [token.conversation for token in read.tokens] == [str(CONVERSATION)]
