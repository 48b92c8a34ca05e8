"""The tables that a replica has besides the synced ones."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, MetaData, String, Table, Text

from agentdesk.store.types import Id

OWN = MetaData()

base_row = Table(
    "base_row",
    OWN,
    Column("table_name", String, primary_key=True),
    Column("row_id", Id, primary_key=True),
    # The conversation or contact that the command was about.
    Column("family", Id, nullable=False),
    # The server's row in travelling form (msgpack); null: the server has none.
    Column("wire", LargeBinary, nullable=True),
)

replica_state = Table(
    "replica_state", OWN, Column("name", String, primary_key=True), Column("value", Text, nullable=False)
)

confirmed_command = Table("confirmed_command", OWN, Column("id", Id, primary_key=True))

# Files (by their hash) of attachments that have gone, to be dropped where nothing else needs them.
leaving_file = Table("leaving_file", OWN, Column("blob", String(64), primary_key=True))
