"""How answers go out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agentdesk.base.ids import new_id
from agentdesk.sdk import protocols
from agentdesk.sdk.errors import Rejected, Uncertain, Unreachable
from agentdesk.sdk.outbound import Found, OutboundAttachment
from agentdesk.sdk.posts import Act, length_of
from agentdesk.sdk.protocols import (
    Deletes,
    Edits,
    Hides,
    Likes,
    Recognises,
    Reconciles,
    Reports,
    Sends,
    Varies,
)
from agentdesk.sdk.testing.memory import MemorySink
from agentdesk.sdk.testing.simulator import Fault
from agentdesk.sdk.testing.stage import Said, Stage
from agentdesk.sdk.testing.suite.tools import simulator_of, somebody

__all__ = ["AnswerRules"]

_PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)


class AnswerRules:
    """An answer goes out once, to whom it was meant for, or it is known why not."""

    async def test_answers(self, stage: Stage) -> None:
        """An answer stands once, below what it answers, and no more can read it than that."""
        account = stage.open()
        for visibility in stage.visibilities:
            to = await somebody(stage, Said(visibility=visibility))
            message = stage.answer(account, to, f"To {visibility}")
            assert isinstance(account, Sends)
            account.check_outbound(message)
            receipt = await account.send(message)
            assert receipt.external_id
            stands = stage.stands()[-1]
            assert stands.text.strip() == f"To {visibility}"
            assert stands.visibility is visibility
            assert stands.below in ("", to.external_id)
        assert len(stage.stands()) == len(stage.visibilities)

    async def test_keys(self, stage: Stage) -> None:
        """The key of a message is the same for ever."""
        one, other = stage.open(), stage.open()
        assert isinstance(one, Sends)
        assert isinstance(other, Sends)
        message_id = new_id()
        assert one.key_for(message_id, "ad-0") == other.key_for(message_id, "ad-0")
        assert one.key_for(message_id, "ad-0") != one.key_for(new_id(), "ad-0")
        assert len(one.key_for(message_id, "ad-0")) <= 400

    async def test_own_posts(self, stage: Stage) -> None:
        """What we said ourselves is told from what customers say when it comes back."""
        account, sink = stage.open(), MemorySink()
        to = await somebody(stage)
        assert isinstance(account, Sends)
        receipt = await account.send(stage.answer(account, to))
        await stage.read(account, sink)
        back = stage.meaning(sink).get(receipt.external_id)
        assert back is None or (back.post is not None and back.post.own)

    async def test_refused_texts(self, stage: Stage) -> None:
        """A text that is too long is refused before it is sent; the longest one that fits is sent."""
        account = stage.open()
        to = await somebody(stage)
        assert isinstance(account, Sends)
        if isinstance(account, Varies):
            answering = (await account.abilities()).answers[0]
            assert answering.text is not None
            most = answering.text.most
            assert length_of("x" * most, answering.text) == most
            longest = stage.answer(account, to, "x" * most, visibility=answering.visibility)
            account.check_outbound(longest)
            await account.send(longest)
            too_long = "x" * (most + 1)
        else:
            too_long = "x" * 2_000_000
        with pytest.raises(Rejected):
            account.check_outbound(stage.answer(account, to, too_long))

    async def test_refusals(self, stage: Stage) -> None:
        """What the service refuses for good is told with its reason, and never repeated."""
        account = stage.open()
        to = await somebody(stage)
        await stage.remove(to.external_id)
        assert isinstance(account, Sends)
        with pytest.raises(Rejected) as rejected:
            await account.send(stage.answer(account, to))
        assert str(rejected.value.message)

    async def test_files(self, stage: Stage) -> None:
        """Files go with an answer, with their description; what is too large is refused before."""
        account = stage.open()
        to = await somebody(stage)
        assert isinstance(account, Sends)
        file = OutboundAttachment("kettle.png", "image/png", _PNG, alt="A kettle")
        if isinstance(account, protocols.Uploads):
            uploaded = await account.upload(file)
            assert uploaded
            file = replace(file, uploaded=uploaded)
        message = stage.answer(account, to, attachments=(file,))
        account.check_outbound(message)
        await account.send(message)
        if isinstance(account, Varies):
            assert stage.stands()[-1].alts == ("A kettle",)
            files_taken = (await account.abilities()).answers[0].files
            assert files_taken is not None
            size = files_taken.largest["image/"] + 1
        else:
            size = 60_000_000
        heavy = OutboundAttachment("large.png", "image/png", bytes(size))
        with pytest.raises(Rejected):
            account.check_outbound(stage.answer(account, to, attachments=(heavy,)))

    async def test_uncertainty(self, stage: Stage) -> None:
        """Where no answer came, it is looked up whether the message stands; none stands twice."""
        account = stage.open()
        to = await somebody(stage)
        assert isinstance(account, Sends)
        assert isinstance(account, Reconciles)
        simulator = simulator_of(stage)
        for fault in (Fault.LOST_ANSWER, Fault.TRUNCATED):
            simulator.fail(fault, times=1, method="POST")
            message = stage.answer(account, to, f"After {fault}")
            with pytest.raises(Uncertain):
                await account.send(message)
            found = await account.reconcile(message.key, message.created_at)
            (stands,) = (one for one in stage.stands() if one.text == message.text)
            assert (found.found, found.external_id) == (Found.SENT, stands.external_id)
        simulator.fail(Fault.BROKEN, times=1, method="POST")
        refused = stage.answer(account, to, "Refused")
        with pytest.raises((Unreachable, Uncertain)):
            await account.send(refused)
        assert (await account.reconcile(refused.key, refused.created_at)).found is Found.ABSENT

    async def test_reconciling(self, stage: Stage) -> None:
        """What was sent is found by its key, what was not is not."""
        account = stage.open()
        to = await somebody(stage)
        assert isinstance(account, Sends)
        assert isinstance(account, Reconciles)
        sent, unsent = stage.answer(account, to), stage.answer(account, to)
        receipt = await account.send(sent)
        assert (await account.reconcile(sent.key, sent.created_at)).found is Found.SENT
        assert (await account.reconcile(unsent.key, unsent.created_at)).found is Found.ABSENT
        if isinstance(account, Recognises):
            restarted = stage.open()
            assert isinstance(restarted, Recognises)
            found = await restarted.recognise(sent, sent.created_at)
            assert (found.found, found.external_id) == (Found.SENT, receipt.external_id)
            other = replace(unsent, text="Something else.")
            assert (await restarted.recognise(other, other.created_at)).found is Found.ABSENT

    async def test_acts(self, stage: Stage) -> None:
        """What can be done with posts is what is said to be possible, and doing it twice does no harm."""
        account = stage.open()
        to = await somebody(stage)
        assert isinstance(account, Varies)
        acts = (await account.abilities()).acts
        assert isinstance(account, Sends)
        own = (await account.send(stage.answer(account, to))).external_id
        for _ in range(2):
            if isinstance(account, Likes) and Act.LIKE in acts:
                await account.like(to.external_id, True)
                assert "liked" in stage.marks(to.external_id)
            if isinstance(account, Hides) and Act.HIDE in acts:
                await account.hide(to.external_id, True)
                assert "hidden" in stage.marks(to.external_id)
            if isinstance(account, Reports) and Act.REPORT in acts:
                await account.report(to.external_id, "Spam")
                assert "reported" in stage.marks(to.external_id)
        if isinstance(account, Likes) and Act.LIKE in acts:
            await account.like(to.external_id, False)
        if isinstance(account, Hides) and Act.HIDE in acts:
            await account.hide(to.external_id, False)
        assert stage.marks(to.external_id) <= {"reported"}
        if isinstance(account, Edits) and Act.EDIT in acts:
            await account.edit(own, "We looked into it.")
            assert stage.stands()[-1].text == "We looked into it."
        if isinstance(account, Deletes) and Act.DELETE in acts:
            for _ in range(2):
                await account.delete(own)
            assert list(stage.stands()) == []
