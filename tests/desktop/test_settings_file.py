"""The settings of a desk: kept as they were chosen, and never in the way of starting."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentdesk.desktop.settings import DeskSettings, SettingsFile


def test_what_was_chosen_is_there_next_time(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.json"
    SettingsFile(path).change(language="ar", theme="dark")
    SettingsFile(path).change(rail_pinned=False)
    assert SettingsFile(path).now == DeskSettings(language="ar", theme="dark", rail_pinned=False)


@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b'{"text_scale": "large"}', b"\xff\xfe"])
def test_a_damaged_file_is_set_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    settings = SettingsFile(path)
    assert settings.now == DeskSettings()
    assert (tmp_path / "settings.damaged").read_bytes() == content
    settings.change(theme="light")
    assert SettingsFile(path).now.theme == "light"


def test_settings_of_a_newer_version_are_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(b'{"theme": "dark", "something_new": [1]}')
    assert SettingsFile(path).now.theme == "dark"


def test_a_folder_in_the_place_of_the_file_does_not_stop_the_desk(tmp_path: Path) -> None:
    (tmp_path / "settings.json").mkdir()
    assert SettingsFile(tmp_path / "settings.json").now == DeskSettings()
