"""Whether a column with a list of tags has one, on either database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

__all__ = ["HasTag"]


class HasTag(FunctionElement[bool]):
    """``HasTag(column, literal(tag))`` is true where ``tag`` is in the JSON list ``column``."""

    name = "has_tag"
    type = Boolean()
    inherit_cache = True


@compiles(HasTag, "sqlite")
def _on_sqlite(element: HasTag, compiler: Any, **options: Any) -> str:
    column, tag = (compiler.process(clause, **options) for clause in element.clauses)
    return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE json_each.value = {tag})"  # noqa: S608 - bound


@compiles(HasTag, "postgresql")
def _on_postgresql(element: HasTag, compiler: Any, **options: Any) -> str:
    column, tag = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({column} @> jsonb_build_array(CAST({tag} AS text)))"
