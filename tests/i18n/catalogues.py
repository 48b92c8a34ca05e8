"""The catalogues as files: extracting texts from the source, updating and inspecting languages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

__all__ = [
    "add",
    "entries",
    "extracted",
    "locales",
    "missing_in_template",
    "read",
    "untranslated",
    "update_all",
]

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "i18n"
TEMPLATE = FOLDER / "agentdesk.pot"
SOURCES = (ROOT / "src", ROOT / "connectors")
KEYWORDS = {"msg": None, "plural": (1, 2)}
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
"""Catalogues carry no date of their own: the history of the repository has it, and a diff stays small."""
_WIDTH = 100

Key = str | tuple[str, str]


def extracted() -> Catalog:
    """Every text of the source, as a template."""
    catalogue = Catalog(
        creation_date=_NO_DATE,
        fuzzy=False,
    )
    for source in SOURCES:
        found = extract_from_dir(
            source,
            method_map=[("**.py", "python")],
            keywords=KEYWORDS,
            comment_tags=("L10n:",),
            strip_comment_tags=True,
        )
        for file_name, _line, text, comments, _context in found:
            place = (source / file_name).relative_to(ROOT).as_posix()
            if text:
                catalogue.add(text, locations=[(place, None)], auto_comments=comments)
    return catalogue


def locales() -> list[str]:
    """The languages there is a catalogue for."""
    return sorted(path.parent.name for path in FOLDER.glob("*/agentdesk.po"))


def read(code: str) -> Catalog:
    """The catalogue of the language ``code``."""
    with _path(code).open("rb") as file:
        return read_po(file, locale=Locale.parse(code, sep="-"))


def read_template() -> Catalog:
    """The template as it is in the repository."""
    with TEMPLATE.open("rb") as file:
        return read_po(file)


def update_all() -> None:
    """Write the template anew and bring every language up to it; what is no longer used is dropped."""
    template = extracted()
    _write(TEMPLATE, template)
    for code in locales():
        catalogue = read(code)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        _write(_path(code), catalogue)


def add(code: str) -> None:
    """Begin the language ``code`` with an empty catalogue."""
    catalogue = Catalog(
        locale=Locale.parse(code, sep="-"),
        creation_date=_NO_DATE,
        fuzzy=False,
    )
    catalogue.update(extracted())
    _path(code).parent.mkdir(parents=True, exist_ok=True)
    _write(_path(code), catalogue)


def missing_in_template() -> set[Key]:
    """Texts of the source that the template does not have."""
    return {message.id for message in entries(extracted())} - {
        message.id for message in entries(read_template())
    }


def untranslated(code: str) -> list[Key]:
    """Texts without a translation in the language ``code``."""
    return [message.id for message in entries(read(code)) if not _is_translated(message)]


def entries(catalogue: Catalog) -> Iterator[Message]:
    """The messages of a catalogue without its header."""
    return (message for message in catalogue if message.id)


def _is_translated(message: Message) -> bool:
    return all(message.string) if isinstance(message.string, tuple) else bool(message.string)


def _path(code: str) -> Path:
    return FOLDER / code / "agentdesk.po"


def _write(path: Path, catalogue: Catalog) -> None:
    catalogue.revision_date = catalogue.creation_date = _NO_DATE
    catalogue.header_comment = "# The texts of AgentDesk. Licence: Apache-2.0, like the program."
    catalogue.project, catalogue.version = "AgentDesk", "1"
    catalogue.msgid_bugs_address = "https://github.com/agentdesk/agentdesk/issues"
    catalogue.last_translator = catalogue.language_team = "The AgentDesk contributors"
    with path.open("wb") as file:
        write_po(file, catalogue, width=_WIDTH, sort_output=True, include_lineno=False)
