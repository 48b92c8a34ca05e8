"""What goes out, once: comments, messages, private answers to comments, and the look-up afterwards.

Written from https://developers.facebook.com/docs/messenger-platform/reference/send-api,
/documentation/business-messaging/messenger-platform/discovery/private-replies,
/docs/graph-api/reference/object/comments and /docs/graph-api/reference/page/photos. The network keeps no key
of ours that could be asked for: what stands there is compared with what was to be said.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import aiohttp
import msgspec

from agentdesk.base import clock
from agentdesk.base.text import msg
from agentdesk.sdk.errors import ConnectorError, Rejected, Uncertain, Unreachable
from agentdesk.sdk.outbound import Outbound, OutboundAttachment, Receipt
from agentdesk.sdk.posts import Visibility
from agentdesk_connectors.facebook.finding import Finder
from agentdesk_connectors.facebook.limits import answers_comment
from agentdesk_connectors.facebook.naming import is_message, is_post, person_of
from agentdesk_connectors.facebook.settings import FacebookSettings
from agentdesk_connectors.fields import Json
from agentdesk_connectors.http import Gone, Interrupted, Nonsense
from agentdesk_connectors.meta.client import CALLS, MESSAGES, PRIVATE_REPLIES, Allowance, Graph
from agentdesk_connectors.meta.errors import PermissionMissing, WindowClosed
from agentdesk_connectors.meta.ids import graph_id, in_path
from agentdesk_connectors.meta.windows import terms

__all__ = ["Sender"]

_REMEMBERED = 500
_KINDS = ("image", "video", "audio")


class Sender:
    """Posts and writes for one page. ``sent`` are the ids of what it knows to have gone out, by key."""

    def __init__(
        self, settings: FacebookSettings, graph: Graph, finder: Finder, must_be_ours: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._graph = graph
        self._finder = finder
        self._must_be_ours = must_be_ours
        self.sent: OrderedDict[str, str] = OrderedDict()
        self.tried: OrderedDict[str, Outbound] = OrderedDict()

    async def send(self, message: Outbound) -> Receipt:
        """Send a message; see `agentdesk.sdk.protocols.Sends.send`."""
        if message.visibility is Visibility.PUBLIC:
            external_id = await self._comment(message)
        else:
            external_id = await self._private(message)
        self.sent[message.key] = external_id
        while len(self.sent) > _REMEMBERED:
            self.sent.popitem(last=False)
        return Receipt(external_id)

    def _goes_out(self, message: Outbound) -> None:
        """Right before what cannot be taken back."""
        self._must_be_ours()
        self.tried[message.key] = message
        while len(self.tried) > _REMEMBERED:
            self.tried.popitem(last=False)

    # --- comments ---

    async def _comment(self, message: Outbound) -> str:
        values: dict[str, object] = {"message": message.text} if message.text.strip() else {}
        for file in message.attachments:
            values["attachment_id"] = await self._photo(file)
        self._goes_out(message)
        path = f"/{in_path(message.in_reply_to)}/comments"
        try:
            answer = await self._post(path, values, CALLS)
        except Gone as error:
            raise Gone(msg("The post that this answers has been deleted."), error.answer) from error
        return self._named(answer, "id")

    async def _photo(self, file: OutboundAttachment) -> str:
        """Hand over a picture that only a comment will show."""
        form = _form(file, "source")
        form.add_field("published", "false")
        if file.alt:
            form.add_field("alt_text_custom", file.alt)
        return self._taken(await self._graph.upload(f"/{self._settings.page}/photos", form), "id")

    # --- private messages ---

    async def _private(self, message: Outbound) -> str:
        recipient, how, of = await self._recipient(message)
        files = [(await self._file(file), file) for file in message.attachments]
        parts: list[Json] = [
            {"attachment": {"type": _kind(file), "payload": {"attachment_id": number}}}
            for number, file in files
        ]
        if message.text.strip():
            parts.append({"text": message.text})
        self._goes_out(message)
        external_id = ""
        for part in parts:
            values = {"recipient": recipient, **how, "message": {**part, "metadata": message.key}}
            try:
                external_id = self._named(await self._written(values, of), "message_id")
            except ConnectorError as error:
                if external_id and not isinstance(error, Uncertain):
                    raise Uncertain(msg("A part of this was sent, and the rest was not.")) from error
                raise
        return external_id

    async def _written(self, values: Json, of: Allowance) -> Json:
        try:
            return await self._post(f"/{self._settings.page}/messages", values, of)
        except PermissionMissing as error:
            if values.get("messaging_type") != "MESSAGE_TAG":
                raise
            raise WindowClosed(
                msg("After 24 hours Facebook takes answers from apps with the feature Human Agent only."),
                str(error.message),
                msg("Ask for the feature in the app's review, or switch it off in the account's settings."),
            ) from error

    async def _recipient(self, message: Outbound) -> tuple[Json, Json, Allowance]:
        """To whom it goes and under which terms: as an answer to a comment, or in a talk within its time."""
        if answers_comment(message):
            what = "post_id" if is_post(self._settings.page, message.in_reply_to) else "comment_id"
            return {what: message.in_reply_to}, {"messaging_type": "RESPONSE"}, PRIVATE_REPLIES
        person = person_of(message.root) or message.to[0].value
        how = terms(
            await self._finder.last_from(person),
            clock.now(),
            automatic=message.automatic,
            human_agent=self._settings.human_agent,
        )
        return {"id": person}, how, MESSAGES

    async def _file(self, file: OutboundAttachment) -> str:
        """Hand over a file that only a message will have."""
        about = {"attachment": {"type": _kind(file), "payload": {"is_reusable": True}}}
        form = _form(file, "filedata")
        form.add_field("message", msgspec.json.encode(about).decode())
        path = f"/{self._settings.page}/message_attachments"
        return self._taken(await self._graph.upload(path, form), "attachment_id")

    # --- what was answered ---

    async def _post(self, path: str, values: Json, of: Allowance) -> Json:
        try:
            return await self._graph.post(path, values, of=of)
        except (Interrupted, Nonsense) as error:
            raise self._unsaid() from error

    def _unsaid(self) -> Uncertain:
        return Uncertain(msg("{host} did not say whether it has posted it.", host=self._graph.host))

    def _named(self, answer: Json, name: str) -> str:
        external_id = graph_id(answer, name)
        if not external_id:
            raise self._unsaid()
        return external_id

    def _taken(self, answer: Json, name: str) -> str:
        number = graph_id(answer, name)
        if not number:
            raise Unreachable(msg("{host} does not say what became of a file.", host=self._graph.host))
        return number

    # --- what stands there ---

    async def edit(self, external_id: str, text: str) -> None:
        """Let an own comment say something else."""
        await self._graph.post(self._path(external_id), {"message": text})

    async def delete(self, external_id: str) -> None:
        """Take an own comment away; one that is gone is no error."""
        try:
            await self._graph.delete(self._path(external_id))
        except Gone:
            return

    async def hide(self, external_id: str, hidden: bool) -> None:
        """Hide what somebody wrote from all but them and their friends, or show it again."""
        await self._graph.post(self._path(external_id), {"is_hidden": hidden})

    async def like(self, external_id: str, liked: bool) -> None:
        """Like a comment or a post as the page, or take that back."""
        path = f"{self._path(external_id)}/likes"
        if liked:
            await self._graph.post(path, {})
        else:
            await self._graph.delete(path)

    def _path(self, external_id: str) -> str:
        if is_message(external_id) or not graph_id(external_id):
            raise Rejected(msg("Facebook lets nobody change private messages."))
        return f"/{in_path(external_id)}"


def _form(file: OutboundAttachment, name: str) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field(name, file.content, filename=file.name or "file", content_type=file.media_type)
    return form


def _kind(file: OutboundAttachment) -> str:
    kind = file.media_type.partition("/")[0]
    return kind if kind in _KINDS else "file"
