"""Folders that are whole or not there: files beside a manifest with their sha256. No torch: whoever asks is quick."""

import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, Field, JsonValue

from shared.commands import CannotDo
from shared.engine import Figure

MANIFEST = "manifest.json"


class ArtifactMissing(CannotDo):
    """A folder is not there or not whole; the message says which command makes it."""


class ArtifactDamaged(CannotDo):
    """A file is not what the manifest says it is."""


class Manifest(BaseModel):
    """What lies in a folder and how it was made. No time and no host in it: the same seed gives the same bytes."""

    service: str
    version: str
    data: str = Field(description="What it was made from.")
    command: str = Field(description="The command that made it.")
    seed: int = 0
    config: dict[str, JsonValue] = {}
    figures: list[Figure] = []
    files: dict[str, str] = Field({}, description="sha256 of each file, by name.")

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` that takes its place at the end; an error or Ctrl-C leaves `path` as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path):
        drop_left_overs(path)
        work = Path(tempfile.mkdtemp(prefix=f".{path.name}.new-", dir=path.parent))
        try:
            yield work
            work.chmod(0o755)
            take_place(work, path)
        finally:
            shutil.rmtree(work, ignore_errors=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until no other process writes `path`. The system frees the lock of a process that is killed."""
    with path.with_name(f".{path.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def take_place(work: Path, path: Path) -> None:
    """Rename `work` to `path`. A folder cannot be renamed onto another, so the old one steps aside first."""
    for file in work.rglob("*"):
        if file.is_file():
            sync(file)
    aside = path.with_name(f".{path.name}.old-{os.getpid()}")
    if path.exists():
        path.rename(aside)
    work.rename(path)
    sync(path.parent)
    shutil.rmtree(aside, ignore_errors=True)


def sync(path: Path) -> None:
    """Make the system write `path` (a file or a folder's names) to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def drop_left_overs(path: Path) -> None:
    """Remove what a killed run left beside `path`, after putting the old folder back if the new one never came."""
    for aside in path.parent.glob(f".{path.name}.old-*"):
        if not path.exists():
            aside.rename(path)
    for folder in [*path.parent.glob(f".{path.name}.old-*"), *path.parent.glob(f".{path.name}.new-*")]:
        shutil.rmtree(folder, ignore_errors=True)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> Manifest:
    """Write the manifest of everything in `folder`; call it last."""
    files = {str(p.relative_to(folder)): sha256_of(p) for p in sorted(folder.rglob("*")) if p.is_file()}
    files.pop(MANIFEST, None)
    manifest = manifest.model_copy(update={"files": files})
    temporary = folder / f".{MANIFEST}.new"
    temporary.write_text(manifest.model_dump_json(indent=1))
    sync(temporary)
    temporary.replace(folder / MANIFEST)
    return manifest


def read_manifest(folder: Path) -> Manifest:
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise ArtifactMissing(f"nothing whole at {folder}: `make prepare train` makes it") from None


def is_whole(folder: Path) -> bool:
    """The manifest is there, written last, and so is every file it lists."""
    try:
        manifest = read_manifest(folder)
    except ArtifactMissing:
        return False
    return all((folder / name).is_file() for name in manifest.files)


def verify(folder: Path) -> Manifest:
    """Read the manifest and compare every file with it."""
    manifest = read_manifest(folder)
    for name, expected in manifest.files.items():
        if not (folder / name).is_file() or sha256_of(folder / name) != expected:
            raise ArtifactDamaged(f"{folder / name} is not what {MANIFEST} says; make the folder anew (--force)")
    return manifest


def make(folder: Path, wanted: Manifest, fill: Callable[[Path], Sequence[Figure]], force: bool) -> None:
    """Have what `wanted` describes in `folder`, whole: `fill` puts it into the folder it is given and returns figures.

    Nothing is done when it is there already: by the same version, from the same data, by the same command.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        drop_left_overs(folder)
    if not force and is_whole(folder) and made_alike(read_manifest(folder), wanted):
        print(f"{folder} is whole: nothing to do", file=sys.stderr)
        return
    with whole_folder(folder) as work:
        figures = list(fill(work))
        write_manifest(work, wanted.model_copy(update={"figures": figures}))
    print(f"{folder} is ready", file=sys.stderr)


def made_alike(there: Manifest, wanted: Manifest) -> bool:
    return there.model_copy(update={"files": {}, "figures": []}).model_dump_json() == wanted.model_dump_json()
