"""One's own account on a server that is not there."""

from __future__ import annotations

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import msg
from agentdesk.sync.account import Enrolment, SecondFactor

CODES = ("aaaa-bbbb-cccc-dddd", "eeee-ffff-2222-3333")
URI = "otpauth://totp/AgentDesk:ana%40desk.test?secret=MFRGGZDFMZTWQ2LK&issuer=AgentDesk"


class FakeAccount:
    """A server on which the code 123456 is always valid."""

    def __init__(self, on: bool = False) -> None:
        self.on = on
        self.away = False
        self.picture: bytes | None = None

    async def second_factor(self) -> SecondFactor:
        self._there()
        return SecondFactor(on=self.on, recovery_codes=2 if self.on else 0)

    async def begin_second_factor(self) -> Enrolment:
        return Enrolment("MFRGGZDFMZTWQ2LK", URI)

    async def confirm_second_factor(self, code: str) -> tuple[str, ...]:
        self._check(code)
        self.on = True
        return CODES

    async def turn_second_factor_off(self, code: str) -> None:
        self._check(code)
        self.on = False

    async def set_picture(self, content: bytes) -> None:
        self._there()
        self.picture = content

    async def take_picture_away(self) -> None:
        self._there()
        self.picture = None

    def _there(self) -> None:
        if self.away:
            raise AgentDeskError(msg("The server cannot be reached."))

    def _check(self, code: str) -> None:
        if code != "123456":
            raise AgentDeskError(msg("This code is not valid."), msg("Wait for the next one."))
