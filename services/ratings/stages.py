"""The long steps of a training, each kept on the disk as soon as it is done, so that `train --resume` can go on."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from services.ratings.base import Base
from services.ratings.learn import Lesson
from services.ratings.store import Shelf, base_from, lesson_from, named
from shared.tensors import load_tensors, save_tensors

Kept = TypeVar("Kept", Base, Lesson)


class Stages(Protocol):
    """Makes each step, or brings it back."""

    def base(self, make: Callable[[], Base], curve: list[float]) -> Base: ...
    def fold(self, name: str, make: Callable[[], Base]) -> Base: ...
    def lesson(self, name: str, make: Callable[[], Lesson]) -> Lesson: ...


class Forgotten:
    """Keeps nothing."""

    def base(self, make: Callable[[], Base], curve: list[float]) -> Base:
        return make()

    def fold(self, name: str, make: Callable[[], Base]) -> Base:
        return make()

    def lesson(self, name: str, make: Callable[[], Lesson]) -> Lesson:
        return make()


FORGOTTEN = Forgotten()


class OnDisk:
    """In one folder, which belongs to one training: these data, this recipe, this seed."""

    def __init__(self, folder: Path, resume: bool) -> None:
        self.folder = folder
        for other in folder.parent.glob(f"{folder.name.rsplit('-', 1)[0]}-*"):
            if other != folder or not resume:
                shutil.rmtree(other)

    def base(self, make: Callable[[], Base], curve: list[float]) -> Base:
        """`curve` is what making it writes down; it is brought back too, so it is kept first."""
        file = self.folder / "curve.json"

        def noted() -> Base:
            made = make()
            self.folder.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(curve))
            return made

        found = self.once("base", noted, base_from)
        curve[:] = json.loads(file.read_text())
        return found

    def fold(self, name: str, make: Callable[[], Base]) -> Base:
        return self.once(name, make, base_from)

    def lesson(self, name: str, make: Callable[[], Lesson]) -> Lesson:
        return self.once(name, make, lesson_from)

    def once(self, name: str, make: Callable[[], Kept], back: Callable[[Shelf], Kept]) -> Kept:
        file = self.folder / f"{name}.safetensors"
        if not file.exists():
            made = make()
            self.folder.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_suffix(".new")
            save_tensors(unfinished, dict(named(made)))
            unfinished.replace(file)
        return back(Shelf(load_tensors(file)))

    def done(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
