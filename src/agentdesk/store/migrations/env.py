"""Called by Alembic: runs the revisions on the connection that :mod:`agentdesk.store.migrations` gave."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

import agentdesk.store.tables  # noqa: F401 - makes the tables known
from agentdesk.store.base import metadata
from agentdesk.store.migrations import include_name, include_object
from agentdesk.store.types import Id, Moment, Words, Xid


def _render(kind: str, value: Any, autogen: Any) -> str | Literal[False]:
    """Name our own column types in a new revision."""
    if kind == "type" and isinstance(value, Id | Moment | Words | Xid):
        autogen.imports.add("from agentdesk.store import types")
        return f"types.{type(value).__name__}()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    compare_server_default=True,
    include_name=include_name,
    include_object=include_object,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
