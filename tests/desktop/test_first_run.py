"""The first start: three cards, signing in, connecting an address; what was typed stays, errors say where."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QWidget
from shiboken6 import isValid
from tests.helpers.until import until
from tests.helpers.views import settled, shown

from agentdesk.app import first_run
from agentdesk.app.first_run import FirstRun
from agentdesk.base.errors import AgentDeskError, Invalid
from agentdesk.base.text import msg
from agentdesk.desktop.settings import SettingsFile
from agentdesk.desktop.views.first_run import ConnectPage, WelcomePage
from agentdesk.desktop.views.sign_in import SignInPage
from agentdesk.desktop.views.trouble import TroublePage
from agentdesk.desktop.window import MainWindow
from agentdesk.sdk.context import CheckStep
from agentdesk.sdk.discover import connector
from agentdesk.server import admin
from agentdesk.sync import sign_in

_CERTIFICATE = "Certificate of your company"


class _Program:
    """Notes what the first run asks the program to do."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    async def join_team(self, server: str, email: str, token: str, authority: str) -> None:
        self.asked.append(("join", server, email, token, authority))

    async def work_alone(self) -> None:
        self.asked.append(("alone",))


@asynccontextmanager
async def _first_run(folder: Path) -> AsyncIterator[tuple[FirstRun, MainWindow, _Program]]:
    settings = SettingsFile(folder / "settings.json")
    window = MainWindow(settings)
    program = _Program()
    run = FirstRun(program, window, settings, folder)  # type: ignore[arg-type]
    window.show()
    try:
        yield run, window, program
    finally:
        window.hide()
        window.deleteLater()
        await until(lambda: not isValid(window))
        await settled()


def _texts(root: QWidget) -> list[str]:
    return [one.text() for one in root.findChildren(QLabel) if one.isVisibleTo(root) and one.text()]


def _line(page: SignInPage, name: str) -> QLineEdit:
    return next(one for one in page.findChildren(QLineEdit) if one.accessibleName() == name)


def _press(root: QWidget, text: str) -> None:
    buttons = root.findChildren(QPushButton)
    next(one for one in buttons if one.text() == text).click()


@pytest.mark.parametrize(
    ("key", "way"),
    [(Qt.Key.Key_1, "sandbox"), (Qt.Key.Key_2, "connect"), (Qt.Key.Key_3, "join")],
)
async def test_keys_and_buttons_choose_a_card(key: Qt.Key, way: str) -> None:
    async with shown(WelcomePage(), 1024, 640) as page:
        chosen: list[str] = []
        page.chosen.connect(chosen.append)
        QTest.keyClick(page, key)
        buttons = {"sandbox": "Try the sandbox", "connect": "Connect email", "join": "Join a team"}
        _press(page, buttons[way])
        assert chosen == [way, way]


async def test_language_and_appearance_are_on_the_first_page(tmp_path: Path) -> None:
    async with _first_run(tmp_path) as (run, window, _program):
        run.show()
        await settled()
        page = window.centralWidget()
        assert isinstance(page, WelcomePage)
        assert {"Language", "Appearance"} <= {button.text() for button in page.menu_buttons()}


async def test_a_wrong_password_keeps_what_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [AgentDeskError(msg("Wrong password."), msg("Try another.")), None]

    async def answer(server: str, email: str, password: str, authority: str, *, code: str) -> str:
        problem = answers.pop(0)
        if problem is not None:
            raise problem
        return f"token for {password}"

    monkeypatch.setattr(sign_in, "sign_in", answer)
    async with _first_run(tmp_path) as (run, window, program):
        run.ask_sign_in("https://desk.example")
        page = window.centralWidget()
        assert isinstance(page, SignInPage)
        server, email, password, authority = (
            _line(page, name) for name in ("Server address", "E-mail", "Password", _CERTIFICATE)
        )
        email.setText("ana@desk.example")
        password.setText("first")
        authority.setText(" /etc/company.pem ")
        QTest.keyClick(password, Qt.Key.Key_Return)
        await until(lambda: "Wrong password." in _texts(page))
        assert [line.text() for line in (server, email, password)] == [
            "https://desk.example",
            "ana@desk.example",
            "first",
        ]
        password.setText("second")
        _press(page, "Sign in")
        await until(lambda: program.asked)
        joined = ("https://desk.example", "ana@desk.example", "token for second", "/etc/company.pem")
        assert program.asked == [("join", *joined)]


async def test_the_code_is_asked_for_when_the_server_wants_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []

    async def answer(server: str, email: str, password: str, authority: str, *, code: str) -> str:
        given.append(code)
        if code != "123456":
            raise sign_in.CodeWanted(msg("This code is not valid.") if code else msg("A code, please."))
        return "token"

    monkeypatch.setattr(sign_in, "sign_in", answer)
    async with _first_run(tmp_path) as (run, window, program):
        run.ask_sign_in("https://desk.example")
        page = window.centralWidget()
        assert isinstance(page, SignInPage)
        line = _line(page, "Code from the app, or a recovery code")
        _line(page, "Password").setText("right")
        assert not line.isVisible()
        _press(page, "Sign in")
        await until(lambda: "A code, please." in _texts(page))
        assert line.isVisible()
        assert page.focusWidget() is line
        QTest.keyClicks(line, "000000")
        QTest.keyClick(line, Qt.Key.Key_Return)
        await until(lambda: "This code is not valid." in _texts(page))
        assert line.text() == ""
        QTest.keyClicks(line, " 123456 ")
        QTest.keyClick(line, Qt.Key.Key_Return)
        await until(lambda: program.asked)
        assert given == ["", "000000", "123456"]
        _line(page, "E-mail").setText("somebody.else@desk.example")
        assert not line.isVisible()


async def test_a_folder_of_somebody_else_is_not_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(server: str, email: str, password: str, authority: str, *, code: str) -> str:
        return "token"

    monkeypatch.setattr(sign_in, "sign_in", answer)
    SettingsFile(tmp_path / "settings.json").change(email="ana@desk.example")
    (tmp_path / "outbox.sqlite").touch()
    async with _first_run(tmp_path) as (run, window, program):
        run.ask_sign_in("https://desk.example")
        page = window.centralWidget()
        assert isinstance(page, SignInPage)
        _line(page, "E-mail").setText("bo@desk.example")
        _press(page, "Sign in")
        await until(lambda: any("belongs to ana@desk.example" in text for text in _texts(page)))
        assert program.asked == []
        _line(page, "E-mail").setText("ANA@desk.example")
        _press(page, "Sign in")
        await until(lambda: program.asked)


async def test_the_certificate_field_appears_when_it_is_wanted_or_to_blame(tmp_path: Path) -> None:
    async with shown(SignInPage("https://desk.example", "ana@desk.example"), 1024, 640) as page:
        line = _line(page, _CERTIFICATE)
        assert not line.isVisible()
        _press(page, "More settings")
        assert line.isVisible()
    async with shown(SignInPage("https://desk.example"), 1024, 640) as page:
        page.show_problem(msg("It cannot be read."), None, "authority")
        assert _line(page, _CERTIFICATE).isVisible()
        assert page.focusWidget() is _line(page, _CERTIFICATE)
    async with shown(SignInPage("https://desk.example", "", "/etc/company.pem"), 1024, 640) as page:
        assert _line(page, _CERTIFICATE).isVisible()


@pytest.mark.parametrize(
    ("server", "warned"),
    [
        ("http://desk.example", True),
        ("http://192.168.1.5:8642", True),
        ("http://127.0.0.1:8642", False),
        ("http://[::1]:8642", False),
        ("http://localhost:8642", False),
        ("https://desk.example", False),
        ("http://", False),
        ("http://[", False),
    ],
)
async def test_an_address_that_anybody_can_listen_to_is_warned_of(server: str, warned: bool) -> None:
    async with shown(SignInPage(), 1024, 640) as page:
        _line(page, "Server address").setText(server)
        assert ("This address is not encrypted." in _texts(page)) is warned


async def test_a_long_refusal_is_shown_whole() -> None:
    async with shown(SignInPage("https://desk.example", "ana@desk.example"), 1024, 640) as page:
        long = "The server did not accept this address and this password, and it says so at some length."
        page.show_problem(msg(long), msg("Check both."))
        await settled()
        label = next(one for one in page.findChildren(QLabel) if one.text() == long)
        assert label.height() >= label.heightForWidth(label.width()) > 1.5 * label.fontMetrics().height()


async def test_an_error_stands_under_its_field(tmp_path: Path) -> None:
    schema = connector("email").manifest.settings
    async with shown(ConnectPage(msg("Connect my email"), schema), 1440, 900) as page:
        page.form.set_value("address", "nobody")
        page.show_problem("address", msg("This is no address."), None)
        line = page.form.control("address")
        assert isinstance(line, QLineEdit)
        assert line.text() == "nobody"
        assert line.accessibleDescription() == "This is no address."
        label = next(one for one in page.findChildren(QLabel) if one.text() == "This is no address.")
        assert label.isVisible()
        assert label.parentWidget() is line.parentWidget()
        page.form.clear_errors()
        assert not label.isVisible()


async def test_connecting_shows_each_step_and_then_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = asyncio.Event()

    async def steps(_channel: str, settings: dict[str, str], _secrets: dict[str, str]):  # type: ignore[no-untyped-def]
        if settings.get("address") == "wrong":
            raise Invalid(msg("This is no address."), field="address")
        yield CheckStep(msg("Reach the mailbox"), True, msg("It answers."))
        await go_on.wait()

    async def save(_self: FirstRun, settings: dict[str, str], secrets: dict[str, str]) -> None:
        assert settings["address"] == "ana@desk.example"

    monkeypatch.setattr(admin, "try_channel", steps)
    monkeypatch.setattr(first_run.FirstRun, "_save", save)
    async with _first_run(tmp_path) as (run, window, program):
        run.ask_email()
        page = window.centralWidget()
        assert isinstance(page, ConnectPage)
        page.form.set_value("address", "wrong")
        _press(page, "Test and connect")
        await until(lambda: "This is no address." in _texts(page))
        page.form.set_value("address", "ana@desk.example")
        _press(page, "Test and connect")
        await until(lambda: "Reach the mailbox" in _texts(page))
        assert program.asked == []
        go_on.set()
        await until(lambda: program.asked == [("alone",)])


async def test_trouble_at_the_start_offers_what_can_be_done() -> None:
    title, text = msg("The private server did not start."), msg("The whole story is in server.log.")
    other = msg("Begin anew")
    async with shown(TroublePage(title, text, can_retry=True, other=other), 720, 480) as page:
        told: list[str] = []
        page.retry.connect(lambda: told.append("retry"))
        page.other_wanted.connect(lambda: told.append("other"))
        page.close_wanted.connect(lambda: told.append("close"))
        assert _texts(page) == ["The private server did not start.", "The whole story is in server.log."]
        _press(page, "Try again")
        _press(page, "Begin anew")
        _press(page, "Close")
        assert told == ["retry", "other", "close"]
