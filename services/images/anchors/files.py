"""The files of the pictures that were added, each named by what is in it: files/3f/3f0c9f6e2b7d1a44.jpg."""

from collections.abc import Container, Iterable, Iterator
from pathlib import Path

from services.images.anchors.records import ENDINGS, New, Picture
from shared.artifacts import sync
from shared.database import make_folder


class Files:
    """Who writes or removes one holds the lock of the database: a file that no row speaks of is nobody's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, picture: Picture) -> Path:
        return self.folder / picture.id[:2] / picture.stored_as

    def write(self, pictures: Iterable[New]) -> None:
        """Returns once they are on the disk, with their names."""
        folders = set()
        for new in pictures:
            path = self.path(new.picture)
            make_folder(path.parent)
            write_whole(path, new.raw)
            folders.add(path.parent)
        for folder in folders:
            sync(folder)

    def drop(self, ids: Iterable[str]) -> None:
        for id_ in ids:
            for ending in ENDINGS.values():
                path = self.folder / id_[:2] / f"{id_}{ending}"
                path.unlink(missing_ok=True)
                unfinished(path).unlink(missing_ok=True)

    def sweep(self, kept: Container[str]) -> None:
        """Removes what a killed process left: all but the files of the ids `kept`."""
        for path in self.all():
            if path.name.split(".")[0] not in kept:
                path.unlink(missing_ok=True)

    def all(self) -> Iterator[Path]:
        return self.folder.glob("??/*")


def write_whole(path: Path, raw: bytes) -> None:
    """Under another name until it is whole."""
    temporary = unfinished(path)
    with temporary.open("wb") as file:
        file.write(raw)
    sync(temporary)
    temporary.replace(path)


def unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")
