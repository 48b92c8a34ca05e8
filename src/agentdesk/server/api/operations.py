"""The shape of an operation of the REST API, and the errors that operations answer with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import IO, Any, Generic, TypeVar
from uuid import UUID

import msgspec

from agentdesk.base.errors import AgentDeskError
from agentdesk.base.text import Msg
from agentdesk.commands.context import Actor
from agentdesk.commands.executor import Executor
from agentdesk.server.api.values import Nothing, Taken
from agentdesk.store.engine import Database

Q = TypeVar("Q", bound=Taken)
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers work with."""

    db: Database
    executor: Executor


@dataclass(frozen=True, slots=True)
class Call(Generic[Q, B]):
    """One request, checked: who asks, the path's id, query, body and idempotency key.

    ``key`` holds the asker's namespace too: what another program sends under the same words is another key.
    """

    services: Services
    actor: Actor
    path_id: UUID | None
    query: Q
    body: B
    key: str | None

    @property
    def id(self) -> UUID:
        """The id in the path."""
        if self.path_id is None:
            raise AssertionError("this operation has no id in its path")
        return self.path_id


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """Bytes to download, under a file name; a file is closed when it has been sent."""

    name: str
    content: bytes | IO[bytes]


class ApiError(AgentDeskError):
    """An error with its HTTP status and a code for programs."""

    def __init__(self, status: int, code: str, message: Msg, hint: Msg | None = None) -> None:
        super().__init__(message, hint)
        self.status = status
        self.code = code


Handler = Callable[[Call[Any, Any]], Awaitable[msgspec.Struct | FileAnswer]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path. ``errors`` are the statuses it may answer with besides 400, 401 and 503."""

    name: str
    method: str
    path: str
    summary: str
    handler: Handler
    gives: type[msgspec.Struct] | None
    query: type[Taken] = Nothing
    body: Any = None  # a type, or a union of types told apart by a tag
    status: int = 200
    errors: tuple[int, ...] = ()
    idempotent_key: bool = False
