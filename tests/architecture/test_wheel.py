"""The wheel holds everything the program needs, and a program installed from it runs."""

from __future__ import annotations

import gettext
import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, check=True, cwd=ROOT, capture_output=True)
    (wheel,) = folder.glob("agentdesk-*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(wheel_file: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(wheel_file) as archive:
        yield archive


def test_both_packages_with_their_types(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    expected = {
        *("agentdesk/__init__.py", "agentdesk/cli.py", "agentdesk/__main__.py", "agentdesk/py.typed"),
        *("agentdesk_connectors/email/__init__.py", "agentdesk_connectors/py.typed"),
    }
    assert expected <= names
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"agentdesk", "agentdesk_connectors"}


def test_every_source_file_is_inside(wheel: zipfile.ZipFile) -> None:
    inside = set(wheel.namelist())
    for base, top in ((ROOT / "src", "agentdesk"), (ROOT / "connectors", "agentdesk_connectors")):
        files = {path.relative_to(base).as_posix() for path in (base / top).rglob("*.py")}
        assert files <= inside


def test_every_resource_is_inside(wheel: zipfile.ZipFile) -> None:
    resources = ROOT / "resources"
    files = {
        f"agentdesk/resources/{path.relative_to(resources).as_posix()}"
        for path in resources.rglob("*")
        if path.is_file()
    }
    assert files
    assert files <= set(wheel.namelist())


def test_every_catalogue_is_compiled(wheel: zipfile.ZipFile) -> None:
    sources = sorted((ROOT / "i18n").glob("*/agentdesk.po"))
    assert sources
    for source in sources:
        data = wheel.read(f"agentdesk/i18n/{source.parent.name}/agentdesk.mo")
        catalogue = gettext.GNUTranslations(io.BytesIO(data))
        assert catalogue.info()["content-type"] == "text/plain; charset=utf-8"


def test_licences_and_entry_points(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    parsed = ConfigParser()
    parsed.read_string(wheel.read(entry_points).decode())
    assert parsed["console_scripts"]["agentdesk"] == "agentdesk.cli:main"
    assert parsed["agentdesk.connectors"]["email"] == "agentdesk_connectors.email"
    about = entry_points.rpartition("/")[0]
    assert f"{about}/licenses/LICENSE" in wheel.namelist()
    assert f"{about}/licenses/resources/icons/LICENSE" in wheel.namelist()


def test_an_installed_program_finds_its_parts(wheel_file: Path, tmp_path: Path) -> None:
    """Unpacked far from the repository, it runs with the libraries of this environment."""
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel_file) as archive:
        archive.extractall(site)
    libraries = next(path for path in sys.path if path.endswith("site-packages"))
    asked = (
        "import agentdesk, agentdesk_connectors.email\n"
        "from agentdesk.base.i18n import available_locales\n"
        "from agentdesk.base.paths import resource\n"
        "print(agentdesk.__file__); print(*available_locales()); print(resource('theme/tokens.json'))\n"
    )
    # -P and -S keep this repository's editable installation out of sight.
    code = f"import sys; sys.path[:0] = [{str(site)!r}]; sys.path.append({libraries!r})\n{asked}"
    done = subprocess.run(
        [sys.executable, "-P", "-S", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    module, locales, tokens = done.stdout.splitlines()
    assert module.startswith(str(site))
    assert {"de", "ar", "en"} <= set(locales.split())
    assert Path(tokens).is_relative_to(site)
