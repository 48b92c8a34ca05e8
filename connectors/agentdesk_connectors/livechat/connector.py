"""One widget: what visitors hand in is taken up, and answers are put before them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.sdk.context import AccountContext, CheckStep, Sink
from agentdesk.sdk.errors import Rejected, Unreachable
from agentdesk.sdk.inbound import Cursor
from agentdesk.sdk.outbound import Found, Outbound, Receipt, Reconciliation
from agentdesk.sdk.pages import PageLine, Pages, PageSettings
from agentdesk_connectors.livechat.settings import IDENTITY_SECRET, read_settings
from agentdesk_connectors.livechat.wire import KIND

LONGEST_TEXT = 20_000
"""Characters of an answer: more than anybody reads in a chat."""
HEAVIEST_FILE = 25_000_000
"""Bytes of one file of ours: what a phone loads within a minute."""
_AT_ONCE = 100


class ChatAccount:
    """The object for one account; see `agentdesk.sdk.protocols` for what each method promises."""

    settle_seconds = 0.0
    """The pages' book is our own database: what is not in it was not shown."""

    def __init__(self, context: AccountContext) -> None:
        secret = context.secrets.get(IDENTITY_SECRET) or ""
        self._settings = read_settings(context.settings, secret)
        self._account_id = context.account_id
        self._given_pages = context.pages
        self._must_be_ours = context.must_be_ours

    async def close(self) -> None:
        """Nothing is held."""

    def page(self) -> PageSettings:
        """Return what the pages are like."""
        return self._settings

    # --- receiving ---

    async def receive(self, _cursor: Cursor | None, sink: Sink) -> None:
        """Take up what is handed in until cancelled. What was taken is let go of only once it is stored, so
        no place in a row of numbers has to be remembered."""
        pages = self._pages()
        await sink.connected()
        while True:
            await pages.end_silent(self._settings.silence)
            items = await pages.waiting(_AT_ONCE)
            if items:
                await sink.accept(items, {})
                await pages.taken(items)
            else:
                await sink.caught_up()
                await pages.news()

    # --- sending ---

    def key_for(self, message_id: UUID, _thread_token: str) -> str:
        """Return the key of a line on the pages."""
        return f"chat-{message_id.hex}"

    def check_outbound(self, message: Outbound) -> None:
        """Raise Rejected for what a page cannot show."""
        if len([party for party in message.to if party.kind == KIND]) != 1 or message.cc or message.bcc:
            raise Rejected(msg("A chat goes to its visitor and to nobody else."))
        heavy = next((one for one in message.attachments if len(one.content) > HEAVIEST_FILE), None)
        if heavy is not None:
            raise Rejected(
                msg("The file {name} is too large for a chat.", name=heavy.name),
                hint=msg("Put a link into the text instead."),
            )
        if not (message.text.strip() or message.attachments or message.extras):
            raise Rejected(msg("There is no text yet."))
        if len(message.text) > LONGEST_TEXT:
            raise Rejected(msg("The text is too long for a chat."))

    async def send(self, message: Outbound) -> Receipt:
        """Put the text before the visitor, once per key."""
        self._must_be_ours()
        (visitor,) = (party.value for party in message.to if party.kind == KIND)
        said = message.text, message.sender_name, clock.now(), message.attachments, message.extras
        line = PageLine(message.key, *said)
        if not await self._pages().show(visitor, line):
            raise Rejected(
                msg("This visitor's session is over: nobody would see the answer."),
                hint=msg("Write to another address of this customer, where there is one."),
            )
        return Receipt(message.key)

    async def reconcile(self, key: str, _since: datetime) -> Reconciliation:
        """Look into the pages' book."""
        if await self._pages().shown(key):
            return Reconciliation(Found.SENT, msg("It is in the visitor's chat."), key)
        return Reconciliation(Found.ABSENT, msg("It is not in the visitor's chat."))

    # --- setting up ---

    async def check(self) -> AsyncIterator[CheckStep]:
        """Say who may use the widget, and what belongs on its pages; there is nobody to ask."""
        origins = self._settings.origins
        found = (
            msg("Allowed: {origins}.", origins=", ".join(origins))
            if origins
            else msg("Every page may use it: no origins are set.")
        )
        yield CheckStep(msg("Pages that may use it"), True, found)
        tag = f'<script async src="https://SERVER/chat/v1/{self._account_id}/widget.js"></script>'
        yield CheckStep(msg("In each of these pages"), True, msg("{tag}", tag=tag))

    def _pages(self) -> Pages:
        if self._given_pages is None:
            raise Unreachable(msg("The pages can be reached on a running server only."))
        return self._given_pages
