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

    async def second_factor(self) -> SecondFactor:
        if self.away:
            raise AgentDeskError(msg("The server cannot be reached."))
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

    def _check(self, code: str) -> None:
        if code != "123456":
            raise AgentDeskError(msg("This code is not valid."), msg("Wait for the next one."))
