"""A whole live chat, in English and in Arabic: a visitor's Chromium, the server's process, an agent's window.

The network goes and comes, the server is killed while both sides write, and nothing is lost or doubled.
"""

from __future__ import annotations

import os
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.async_api import BrowserContext, Locator, expect
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from tests.helpers.certificates import Certificates
from tests.helpers.company import body_of
from tests.helpers.dovecot import DovecotServer, Mailbox
from tests.helpers.live_chat import Agent, LiveShop, typed, widget_words
from tests.helpers.pictures import PNG
from tests.helpers.smtp import SmtpServer
from tests.helpers.until import until
from tests.helpers.windows import press
from tests.widget.browser import Chromium, Visit

from agentdesk.base.text import msg
from agentdesk.desktop.locale import apply_locale, tr
from agentdesk.desktop.theme import theme
from agentdesk.sync.desk import Link

T = TypeVar("T")

_CONTROL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier

_DROP = """(panel, bytes) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], "chair.png", {type: "image/png"}));
    for (const kind of ["dragover", "drop"])
        panel.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


@dataclass(frozen=True)
class Lines:
    """What is said, in the order in which it is said."""

    name: str
    question: str
    answer: str
    offline: str
    both: tuple[str, str]
    """The visitor and the agent at the same moment."""
    thanks: str
    praise: str


_LINES = {
    "en": Lines(
        "Ana Ruiz",
        "Where is my <b>order</b> 4417?",
        "It leaves today.",
        "I am in a tunnel",
        ("Can it come on Friday?", "It needs two people."),
        "Friday it is.",
        "Quick & kind",
    ),
    "ar": Lines(
        "سارة خليل",
        "أين طلبي رقم 4417؟",
        "يغادر اليوم.",
        "أنا في نفق",
        ("هل يصل يوم الجمعة؟", "يحتاج إلى شخصين."),
        "نعم، يوم الجمعة.",
        "سريع ولطيف",
    ),
}


@pytest.fixture(scope="module")
def smtp(certificates: Certificates) -> Iterator[SmtpServer]:
    server = SmtpServer(certificates)
    yield server
    server.close()


@pytest.fixture(scope="module")
def mailbox(dovecot_server: DovecotServer, smtp: SmtpServer) -> Mailbox:
    """The shop's own."""
    if not dovecot_server.running:
        dovecot_server.start()
    made = dovecot_server.new_mailbox()
    smtp.post_office.add(made)
    return made


@pytest.fixture(scope="module")
def shop(
    chromium: Chromium, tmp_path_factory: pytest.TempPathFactory, mailbox: Mailbox, smtp: SmtpServer
) -> Iterator[LiveShop]:
    pictures = os.environ.get("AGENTDESK_WIDGET_PICTURES")
    folder, kept = tmp_path_factory.mktemp("live"), Path(pictures) if pictures else None
    made = LiveShop(chromium, folder, kept, mailbox, smtp)
    yield made
    assert made.close() == []


@pytest.fixture
def language(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[str]:
    """The language of both sides."""
    theme().apply(qapp, "light")
    assert apply_locale(qapp, request.param) == request.param
    yield request.param
    apply_locale(qapp, "en")


@dataclass
class Scene:
    """One chat, and both its sides."""

    shop: LiveShop
    visitor: BrowserContext
    visit: Visit
    agent: Agent
    lines: Lines
    words: dict[str, str]
    language: str

    async def page(self, work: Coroutine[Any, Any, T]) -> T:
        """Do or expect something on the visitor's page."""
        return await self.shop.there(work)

    def says(self, key: str, **values: str) -> str:
        """What the widget says; names have directions of their own."""
        marks = "\u2068{}\u2069" if self.language == "ar" else "{}"
        return self.words[key].format(**{name: marks.format(value) for name, value in values.items()})

    def named(self, key: str) -> Locator:
        """The button or field of the page with these words."""
        return self.visit.panel.get_by_label(self.words[key], exact=True)

    async def shown(self, *said: str) -> None:
        """Both sides show exactly this, in this order."""
        await self.page(expect(self.visit.bubbles).to_have_text(list(said)))
        await until(lambda: self.agent.texts() == list(said), what=lambda: f"{said}: {self.agent.texts()}")

    async def picture(self, name: str) -> None:
        await self.shop.picture(self.visit, self.agent, f"scene-{self.language}-{name}")


@pytest.mark.parametrize("language", ["en", "ar"], indirect=True)
async def test_a_whole_chat(shop: LiveShop, language: str, tmp_path: Path) -> None:
    direction = "rtl" if language == "ar" else "ltr"
    async with shop.agent(tmp_path) as agent:
        visitor = await shop.there(shop.site.visitor())
        visit = await shop.there(shop.site.visit(visitor, lang=language, dir=direction))
        scene = Scene(shop, visitor, visit, agent, _LINES[language], widget_words(language), language)
        await _a_visitor_comes(scene, direction)
        await _the_agent_takes_it(scene)
        await _both_type(scene)
        await _a_reload(scene)
        await _without_network(scene)
        await _the_server_dies(scene)
        await _a_copy(scene)
        await _the_end(scene)
        await shop.there(visitor.close())


async def _a_visitor_comes(scene: Scene, direction: str) -> None:
    """They fill the form in, ask, and drop a picture."""
    visit, lines, words = scene.visit, scene.lines, scene.words
    await scene.page(visit.launcher.click())
    await scene.page(expect(visit.page.locator(".root")).to_have_attribute("dir", direction))
    await scene.picture("form")
    await scene.page(scene.named("name").fill(lines.name))
    await scene.page(visit.panel.get_by_role("button", name=words["start"]).click())
    await scene.page(visit.write(lines.question))
    await scene.page(visit.panel.evaluate(_DROP, list(PNG)))
    await scene.page(scene.named("send").click())
    await scene.page(expect(visit.page.locator(".mine canvas")).to_be_visible())


async def _the_agent_takes_it(scene: Scene) -> None:
    """It is on the list; a key opens it, a key takes it."""
    agent, visit = scene.agent, scene.visit
    row = await agent.row("chair.png")
    assert (row.contact_name, row.channel, row.assignee_id) == (scene.lines.name, "chat", None)
    await scene.picture("queue")
    press(agent.panes.queue.table, Qt.Key.Key_W)
    await until(lambda: agent.panes.conversation.composer.conversation_id == row.id)
    await until(lambda: (agent.texts(), agent.files()) == ([scene.lines.question], ["chair.png"]))
    read = visit.page.locator(".mine .foot").last
    await scene.page(expect(read).to_contain_text(scene.words["read"]))
    press(agent.panes, Qt.Key.Key_A, _SHIFT)
    await until(agent.has_it, what="Maria has it")


async def _both_type(scene: Scene) -> None:
    """Each sees the other type; the agent's answer comes, and she sees that it was read."""
    agent, visit, lines = scene.agent, scene.visit, scene.lines
    await scene.page(visit.text.press_sequentially(lines.offline))
    line = agent.panes.conversation.presence.line
    await until(lambda: line.text() == tr(msg("{name} is typing", name=lines.name)))
    await scene.page(visit.text.fill(""))
    await until(lambda: not line.text())
    press(agent.panes, Qt.Key.Key_R)
    typed(lines.answer)
    status = visit.page.locator(".head [role=status]")
    await scene.page(expect(status).to_have_text(scene.says("typing", name="Maria Sol")))
    await scene.picture("typing")
    press(agent.panes, Qt.Key.Key_Return)
    await scene.shown(lines.question, lines.answer)
    await scene.page(expect(visit.page.locator(".agent .foot")).to_contain_text("Maria Sol"))
    await until(lambda: agent.deliveries() == ["read"], what=lambda: str(agent.deliveries()))


async def _a_reload(scene: Scene) -> None:
    """The page is loaded again: all is there, the picture too, and the panel is open as it was."""
    visit, lines = scene.visit, scene.lines
    await scene.page(visit.page.reload())
    await scene.shown(lines.question, lines.answer)
    await scene.page(expect(visit.page.locator(".mine canvas")).to_be_visible())


async def _without_network(scene: Scene) -> None:
    """What is written meanwhile is kept, and comes once."""
    visit, lines = scene.visit, scene.lines
    await scene.page(scene.visitor.set_offline(True))
    await scene.page(visit.write(lines.offline))
    strip = visit.page.locator(".strip")
    await scene.page(expect(strip).to_have_text(scene.words["lost"]))
    await scene.picture("offline")
    await scene.page(scene.visitor.set_offline(False))
    await scene.page(expect(strip).to_be_hidden())
    await scene.shown(lines.question, lines.answer, lines.offline)


async def _the_server_dies(scene: Scene) -> None:
    """Both write at the moment in which it is killed."""
    shop, agent, visit, lines = scene.shop, scene.agent, scene.visit, scene.lines
    theirs, hers = lines.both
    typed(hers)
    if scene.language == "en":
        shop.freeze()  # what is sent has left, and nobody answers
    await scene.page(visit.write(theirs))
    press(agent.panes, Qt.Key.Key_Return)
    await shop.kill()
    await until(lambda: agent.desk.status.link is Link.OFFLINE)
    await scene.page(expect(visit.page.locator(".strip")).to_have_text(scene.words["lost"]))
    await scene.picture("killed")
    await shop.restart()
    agent.desk.retry_now()
    await scene.page(visit.page.evaluate("window.dispatchEvent(new Event('online'))"))
    await scene.page(expect(visit.bubbles).to_have_count(5))
    await until(lambda: len(agent.texts()) == 5, what=lambda: f"five texts: {agent.texts()}")
    await scene.page(visit.write(lines.thanks))
    await until(lambda: lines.thanks in agent.texts())
    await scene.page(expect(visit.bubbles.last).to_have_text(lines.thanks))
    await until(lambda: not agent.desk.status.waiting, what="nothing waits at the desk")
    before = [lines.question, lines.answer, lines.offline]
    for said in (agent.texts(), await scene.page(visit.bubbles.all_inner_texts())):
        assert (said[:3], said[5:]) == (before, [lines.thanks])
        assert sorted(said[3:5]) == sorted(lines.both), "in the order in which either side knew of them"


async def _a_copy(scene: Scene) -> None:
    """The visitor has a copy sent by email: all that was said, in the order in which they saw it."""
    visit, words, address = scene.visit, scene.words, f"{scene.language}@customer.example"
    await scene.page(visit.panel.get_by_role("button", name=words["more"]).click())
    await scene.page(visit.panel.get_by_role("button", name=words["copy"]).click())
    await scene.page(visit.panel.get_by_label(words["email"]).fill(address))
    await scene.page(visit.panel.get_by_role("button", name=words["send"], exact=True).click())
    mail = await until(lambda: scene.shop.mail_to(address), what="the copy has come")
    said = await scene.page(visit.bubbles.all_inner_texts())
    text = body_of(mail)
    places = [text.find(one) for one in said]
    assert -1 not in places, (said, text)
    assert places == sorted(places)
    assert f'dir="{"rtl" if scene.language == "ar" else "ltr"}"' in body_of(mail, "html")


async def _the_end(scene: Scene) -> None:
    """The agent ends it, and sees how the visitor found it."""
    agent, visit, lines, words = scene.agent, scene.visit, scene.lines, scene.words
    here = agent.panes.conversation.conversation_id
    assert here is not None
    await until(agent.knows_the_last_word, what="the last word is known")
    press(agent.panes, Qt.Key.Key_E, _CONTROL | _SHIFT)
    question = visit.panel.get_by_role("heading", name=scene.says("howDid", name="Maria Sol"))
    await scene.page(expect(question).to_be_visible())
    await scene.picture("survey")
    await scene.page(visit.panel.get_by_label(words["face5"]).check())
    await scene.page(scene.named("anything").fill(lines.praise))
    await scene.page(visit.panel.get_by_role("button", name=words["send"], exact=True).click())
    await scene.page(expect(visit.page.locator(".strip")).to_have_text(words["thanks"]))
    await until(lambda: agent.panes.conversation.conversation_id is None, what="the desk goes on")
    agent.panes.show_kind("resolved")
    agent.panes.open_conversation(here)
    rated = tr(msg("The visitor rated the chat: {what} – “{text}”", what=msg("Great"), text=lines.praise))
    ended = tr(msg("{who} ended the chat", who="Maria Sol"))
    await until(lambda: agent.tells(ended, rated), what=lambda: f"{(ended, rated)}: {agent.events()}")
    await scene.picture("end")
