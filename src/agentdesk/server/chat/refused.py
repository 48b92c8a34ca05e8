"""Why a page is not served."""

from __future__ import annotations

from agentdesk.server.chat.protocol import Problem

__all__ = ["Refused"]


class Refused(Exception):
    """``problem`` is what the page is told."""

    def __init__(self, code: str, text: str, retry: int | None = None) -> None:
        super().__init__(text)
        self.problem = Problem(code=code, text=text, retry=retry)
