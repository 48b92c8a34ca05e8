"""Commands that a server had confirmed and lost: they are offered again, and known for what they are."""

from __future__ import annotations

from agentdesk.base.ids import new_id
from agentdesk.commands.values import Answer, SendReply
from agentdesk.domain.party import Party
from agentdesk.sync.protocol import PROTOCOL, Welcome
from tests.helpers.until import until
from tests.sync.conftest import NewDesk
from tests.sync.world import SimDesk, World, connected


async def _lost_reply(world: World, new_desk: NewDesk) -> SimDesk:
    """A desk that offers a reply again, which its server has confirmed and does not know any more."""
    user_id = await world.add_user("ada")
    conversation_id = await world.mail()
    desk = await connected(await new_desk("ada"))
    reply = SendReply(
        message_id=new_id(),
        conversation_id=conversation_id,
        to=(Party("email", "customer@else.test", "Customer"),),
        text="It is on its way.",
    )
    await desk.workbench.do(reply, None)
    await until(lambda: desk.workbench.unsent() == 0)
    await desk.disconnect()
    epoch = world.feed.epoch
    forgetful = Welcome(
        protocol=PROTOCOL, program="", epoch=epoch, user_id=user_id, workspace="", fresh=False, last_number=0
    )
    await desk.workbench.welcome(forgetful)
    return desk


async def test_a_reply_that_is_refused_and_meant_anyway_may_still_have_gone_out(
    world: World, new_desk: NewDesk
) -> None:
    desk = await _lost_reply(world, new_desk)
    (again,) = await desk.workbench.to_push((), 20)
    assert again.again
    await desk.workbench.refused([Answer(command_id=again.id, outcome="refused", code="stale_reply")])
    await desk.workbench.retry(again.id)
    (anew,) = await desk.workbench.to_push((), 20)
    assert anew.id != again.id
    assert anew.sent_since == again.issued_at
