"""Pictures of the conversation: head, transcript, composer, and the customer panel."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import time_machine
from PySide6.QtWidgets import QHBoxLayout, QWidget

from agentdesk.base.text import msg
from agentdesk.desktop.views.conversation import ConversationView
from agentdesk.desktop.views.customer import CustomerPanel
from agentdesk.domain.abilities import Abilities, Act, Answering, FileLimit, Price
from agentdesk.domain.acts import ActState
from agentdesk.domain.lengths import TextLimit
from agentdesk.domain.posts import PostKind, Visibility, Way
from agentdesk.sync.desk import Link
from agentdesk.sync.presence import Other
from tests.helpers.fake_desk import NOW, FakeDesk
from tests.helpers.sample_acts import let_account
from tests.helpers.sample_mail import png
from tests.helpers.sample_posts import (
    PICTURES,
    able,
    change_post,
    customer_posts,
    follow,
    full_post,
    make_post,
)
from tests.screens.runner import screen, settle

CONVERSATION = ((584, 836),)
NARROW = ((480, 600),)
PANEL = ((304, 836),)
Build = Callable[[], Coroutine[Any, Any, QWidget]]


async def _open(number: int, desk: FakeDesk | None = None) -> tuple[FakeDesk, ConversationView]:
    desk = desk or FakeDesk.sample(NOW)
    view = ConversationView(desk)
    view.resize(*CONVERSATION[0])
    view.show()
    view.on_status(desk.status)
    await view.open(desk.find(number))
    view.transcript.setFocus()
    return desk, view


def frozen(build: Build) -> Build:
    """Build at the moment of the sample, so that days have the same names whenever the picture is taken."""

    async def built() -> QWidget:
        with time_machine.travel(NOW, tick=True):
            return await build()

    return built


def _of(number: int) -> Build:
    async def build() -> QWidget:
        _, view = await _open(number)
        return view

    return frozen(build)


for _name, _number, _sizes in (
    ("conversation-new", 4417, (*CONVERSATION, *NARROW)),
    ("conversation-trouble", 4390, CONVERSATION),
    ("conversation-html", 5102, CONVERSATION),
    ("conversation-arabic", 5120, CONVERSATION),
    ("conversation-japanese", 5121, CONVERSATION),
    ("conversation-long", 5099, CONVERSATION),
    ("conversation-undeliverable", 5088, CONVERSATION),
    ("conversation-encrypted", 5064, CONVERSATION),
    ("conversation-unreadable", 5063, CONVERSATION),
    ("conversation-many", 4901, CONVERSATION),
    ("conversation-hostile", 5050, CONVERSATION),
    ("conversation-resolved", 5030, CONVERSATION),
):
    screen(_name, sizes=_sizes)(_of(_number))


@screen("conversation-public", sizes=(*CONVERSATION, *NARROW))
async def conversation_public() -> QWidget:
    with time_machine.travel(NOW, tick=True):
        desk = FakeDesk.sample(NOW)
        make_post(desk, 4390, Visibility.PUBLIC)
        _, view = await _open(4390, desk)
        view.composer.box.text.insertPlainText("Thank you, Tom. The refund is on its way.")
        return view


@screen("post-full", sizes=((584, 1100), (480, 600)))
@frozen
async def post_full() -> QWidget:
    desk = FakeDesk.sample(NOW)
    rows = customer_posts(desk, make_post(desk, 4390, Visibility.PUBLIC))
    full_post(desk, rows[-1].id)
    desk.world.pictures |= {f"{PICTURES}/desk.png": png(640, 400), f"{PICTURES}/card.png": png(80, 80)}
    _, view = await _open(4390, desk)
    card = view.transcript.card(rows[-1].id)
    assert card is not None
    assert card.post is not None
    await card.post.media.load()
    view.transcript.scroll_to_message(rows[-1].id)
    return view


@screen("post-limited-veiled", sizes=CONVERSATION)
@frozen
async def post_limited() -> QWidget:
    desk = FakeDesk.sample(NOW)
    rows = customer_posts(desk, make_post(desk, 4390, Visibility.LIMITED))
    full_post(desk, rows[-1].id)
    change_post(desk, rows[-1].id, warning="Photo of an injury", parent=rows[0].external_id)
    _, view = await _open(4390, desk)
    return view


@screen("post-acts", sizes=CONVERSATION)
@frozen
async def post_acts() -> QWidget:
    desk = FakeDesk.sample(NOW)
    here = make_post(desk, 4390, Visibility.PUBLIC)
    let_account(desk, here, Abilities((Answering(Visibility.PUBLIC),), acts=tuple(Act)))
    why = msg("The network says that this post is gone.")
    rows = sorted(desk.world.messages.values(), key=lambda row: row.created_at)
    ours = [row for row in rows if row.conversation_id == here and row.direction == "out"]
    acts = {Act.REPORT: ActState("done", NOW), Act.LIKE: ActState("failed", NOW, why=why)}
    theirs = customer_posts(desk, here)[-1]
    change_post(desk, theirs.id, kind=PostKind.COMMENT, parent="w1", hidden=True, acts=acts)
    text = "We are sorry: it leaves the warehouse tomorrow."
    change_post(desk, ours[-1].id, acts={Act.EDIT: ActState("waiting", NOW, text=text)})
    _, view = await _open(4390, desk)
    for row in (theirs, ours[-1]):
        view.transcript.unfold(row.id)
    await settle()
    return view


@screen("post-private", sizes=CONVERSATION)
@frozen
async def post_private() -> QWidget:
    desk = FakeDesk.sample(NOW)
    rows = customer_posts(desk, make_post(desk, 4390, Visibility.PRIVATE))
    full_post(desk, rows[-1].id)
    change_post(desk, rows[-1].id, below=None, poll=None, counters=None)
    _, view = await _open(4390, desk)
    return view


def _answered(visibility: Visibility, *ways: Way, text: str) -> Build:
    """An answer to Tom's post that is being written."""

    async def build() -> QWidget:
        desk = FakeDesk.sample(NOW)
        here = make_post(desk, 4390, visibility)
        files = FileLimit(4, {"image/": 16_000_000}, alt=1_500)
        price = Price("0.01", "USD", "0.20")
        able(
            desk,
            here,
            Answering(Visibility.PUBLIC, text=TextLimit(180, url=23), files=files, price=price),
            Answering(Visibility.PRIVATE, text=TextLimit(1_000)),
        )
        last = customer_posts(desk, here)[-1]
        change_post(desk, last.id, ways=ways)
        follow(desk, last, 12_400)
        _, view = await _open(4390, desk)
        view.composer.box.reply_text.setPlainText(text)
        await settle()
        return view

    return build


_HELLO = "Thank you, Tom. The refund is on its way: https://larkfield.example/refunds/4390"
_SOON = Way(Visibility.PUBLIC, until=NOW + timedelta(hours=3, minutes=30))
_CLOSED = Way(Visibility.PRIVATE, until=NOW - timedelta(minutes=20))


@screen("composer-post", sizes=(*CONVERSATION, *NARROW))
@frozen
async def composer_post() -> QWidget:
    view = await _answered(Visibility.PUBLIC, _SOON, text=_HELLO)()
    assert isinstance(view, ConversationView)
    await view.composer.tools.attach([("scratch.png", "image/png", png(40, 40))])
    return view


@screen("composer-post-too-long", sizes=CONVERSATION)
@frozen
async def composer_too_long() -> QWidget:
    return await _answered(Visibility.PUBLIC, text=f"{_HELLO}. " + "It takes a while. " * 7)()


@screen("composer-post-private", sizes=CONVERSATION)
@frozen
async def composer_private() -> QWidget:
    view = await _answered(Visibility.PUBLIC, text="Which address shall it go to?")()
    assert isinstance(view, ConversationView)
    view.composer.posting.switch()
    return view


@screen("composer-post-closed", sizes=CONVERSATION)
@frozen
async def composer_closed() -> QWidget:
    return await _answered(Visibility.PRIVATE, _CLOSED, text="Your text stays.")()


@screen("conversation-empty", sizes=CONVERSATION)
def empty() -> QWidget:
    return ConversationView(FakeDesk.sample(NOW))


@screen("conversation-colleagues", sizes=CONVERSATION)
@frozen
async def colleagues() -> QWidget:
    desk, view = await _open(4417)
    maria, elif_ = (
        next(user.id for user in desk.world.users.values() if user.name.startswith(name))
        for name in ("Maria", "Elif")
    )
    desk.subscribe(view.on_changes)
    desk.colleagues(desk.find(4417), Other(maria, "reply"), Other(elif_))
    await settle()
    return view


@screen("composer-writing", sizes=CONVERSATION)
@frozen
async def writing() -> QWidget:
    _, view = await _open(4417)
    view.composer.box.reply_text.set_content(
        "Hola Ana: acabo de hablar con el almacén y tu escritorio ha salido hoy de Valencia. La entrega está "
        "prevista para el jueves 26, así que llegará antes que tus invitados."
    )
    return view


@screen("composer-note", sizes=CONVERSATION)
@frozen
async def note() -> QWidget:
    _, view = await _open(4390)
    view.composer.start("note")
    view.composer.box.note_text.set_content(
        "@Maria the bank transfer is approved, can you start it before noon? Receipt is above."
    )
    return view


@screen("composer-offline", sizes=CONVERSATION)
@frozen
async def offline() -> QWidget:
    desk, view = await _open(4417)
    desk.set_link(Link.OFFLINE)
    view.on_status(desk.status)
    view.composer.box.reply_text.set_content("Dear Ana, the carrier has confirmed Thursday between 9 and 13.")
    return view


@screen("composer-undo", sizes=CONVERSATION)
@frozen
async def undo() -> QWidget:
    _, view = await _open(4417)
    view.composer.box.reply_text.set_content("Hola Ana, llega el jueves.")
    await view.composer.send()
    return view


@screen("composer-faster", sizes=CONVERSATION)
@frozen
async def faster() -> QWidget:
    desk, view = await _open(4390)
    view.composer.box.reply_text.insert_text("Hi Tom, the refund left us this morning.")
    thread = desk.thread(desk.find(4390))
    thread.ours(desk.world.users[next(iter(desk.world.users))], 0, "x")
    thread.customer(0, "Any news?")
    view.on_changes({})
    await view._tasks.drain()
    await view.composer.send()
    return view


@screen("composer-gaps", sizes=CONVERSATION)
@frozen
async def gaps() -> QWidget:
    _, view = await _open(4390)
    view.composer.box.reply_text.insert_text("Hi Tom,\n\nyour refund of {{ order.amount }} left us today.")
    await view.composer.send()
    return view


@screen("composer-full", sizes=CONVERSATION)
@frozen
async def full() -> QWidget:
    _, view = await _open(5118)
    composer = view.composer
    composer.box.reply_text.insert_text("Bonjour Léa,\n\nvoici le plan.")
    await composer.tools.attach([("plan-de-table-ronde-120.pdf", "application/pdf", b"x" * 182_000)])
    composer.start("reply", everybody=True)
    composer.box.show_recipients(True)
    composer.box.formats.show()
    return view


@screen("composer-templates", sizes=CONVERSATION)
@frozen
async def templates() -> QWidget:
    _, view = await _open(4417)
    assert view.composer._context is not None
    await view.composer.tools.offer_templates(view.composer._context)
    return view


@screen("composer-refused", sizes=CONVERSATION)
@frozen
async def refused() -> QWidget:
    desk, view = await _open(4417)
    view.composer.box.reply_text.insert_text("Hola Ana, llega el jueves.")
    await view.composer.send()
    waiting = await desk.waiting()
    await view.composer.send_now()
    newer = desk.receive(desk.find(4417), "¿Hola?")
    desk.refuse(waiting[0].id, "stale_reply", "There is something newer in this conversation.", [newer.id])
    view.on_changes({})
    await view._tasks.drain()
    return view


@screen("popover-assign", sizes=CONVERSATION)
@frozen
async def assign() -> QWidget:
    _, view = await _open(4417)
    view.deeds.choose_assignee()
    return view


@screen("popover-snooze", sizes=CONVERSATION)
@frozen
async def snooze() -> QWidget:
    _, view = await _open(4417)
    view.deeds.choose_snooze()
    return view


def _panel_of(number: int) -> Build:
    async def build() -> QWidget:
        desk = FakeDesk.sample(NOW)
        panel = CustomerPanel(desk)
        head = await desk.conversation(desk.find(number))
        assert head is not None
        await panel.show_contact(head.contact_id, head.id)
        return panel

    return frozen(build)


for _name, _number in (("customer-ana", 4417), ("customer-bouncing", 5088), ("customer-hostile", 5050)):
    screen(_name, sizes=PANEL)(_panel_of(_number))


@screen("customer-editing", sizes=PANEL)
async def customer_editing() -> QWidget:
    panel = await _panel_of(4417)()
    panel.field("company").begin()
    panel.notes_field.begin()
    return panel


@screen("customer-empty", sizes=PANEL)
def customer_empty() -> QWidget:
    return CustomerPanel(FakeDesk.sample(NOW))


@screen("conversation-and-customer", sizes=((888, 836),))
@frozen
async def together() -> QWidget:
    desk, view = await _open(4417)
    panel = CustomerPanel(desk)
    head = await desk.conversation(desk.find(4417))
    assert head is not None
    await panel.show_contact(head.contact_id, head.id)
    whole = QWidget()
    row = QHBoxLayout(whole)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(1)
    row.addWidget(view, 1)
    row.addWidget(panel)
    panel.setFixedWidth(304)
    view.set_panel_shown(True)
    return whole
