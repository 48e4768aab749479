"""A folder of pictures, read as pairs, as classes or as pictures alone; what was left out is said, by name."""

import hashlib
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from PIL import Image
from tqdm import tqdm

from services.images.features import HEAD, content_id, decode, format_of, named
from shared.artifacts import sha256_of
from shared.commands import CannotDo
from shared.problems import Problem

Kind = Literal["pairs", "classes", "unlabelled"]
Role = Literal["anchor", "positive", "any"]

SIDES: tuple[Role, Role] = ("anchor", "positive")
NAMES = "names.json"  # what the pictures of a pair show, in words, by the anchor's file name; may be missing
SHOWN = 20  # problems written out; the others are counted
SKIPPED = "__MACOSX"  # what macOS puts beside the files of a zip
EXPECTED = (
    "expected are pairs (anchor/ and positive/ with equal names), classes (a folder each, which may lie in others) "
    "or pictures alone"
)


class Picture(NamedTuple):
    """A picture file; those of one identity show the same thing."""

    path: Path
    name: str  # what it shows, in words where words are known
    identity: int  # its row in `Collection.identities`
    role: Role  # "any" where each picture of an identity may stand for anchor and for positive


@dataclass(frozen=True)
class Collection:
    folder: Path
    kind: Kind
    pictures: list[Picture]
    identities: list[str]  # the stem of a pair, the folder of a class, the file of a picture alone
    problems: list[str] = field(default_factory=list)  # what was left out and why; opening the files adds to it


def read_collection(folder: Path, kind: Kind | None = None) -> Collection:
    """The pictures in `folder`, told by their content, not by their names' endings; `kind` is found unless given.

    Only the beginning of each file is read: broken ones are found by `opened`.
    """
    if not folder.is_dir():
        raise CannotDo(f"no folder {folder}; {EXPECTED}")
    problems: list[str] = []
    files = sorted(picture_paths(folder, problems), key=lambda path: path.relative_to(folder).parts)
    if not files:
        raise CannotDo(f"no picture in {folder}: {found_instead(problems)}; {EXPECTED}")
    kind = kind or kind_of(folder, files)
    pictures, identities = READERS[kind](folder, files, problems)
    if not pictures:
        raise CannotDo(f"{folder} has no {kind}: {found_instead(problems)}; {EXPECTED}")
    return Collection(folder, kind, pictures, identities, problems)


def picture_paths(folder: Path, problems: list[str]) -> Iterator[Path]:
    """Every picture in `folder` and the folders in it; the others are named in `problems`."""
    for place, folders, files in os.walk(folder, onerror=lambda error: problems.append(str(error))):
        folders[:] = [name for name in folders if not hidden(name)]
        links = [path for path in (Path(place, name) for name in folders) if path.is_symlink()]
        problems.extend(f"{path.relative_to(folder)}: a link to a folder is not followed" for path in links)
        for path in (Path(place, name) for name in files if not hidden(name)):
            if reason := why_not(path, folder):
                problems.append(f"{path.relative_to(folder)}: {reason}")
            else:
                yield path


def hidden(name: str) -> bool:
    return name.startswith(".") or name in (SKIPPED, "Thumbs.db", "desktop.ini")


def why_not(path: Path, folder: Path) -> str | None:
    """Why a file is no picture of `folder`, or none."""
    if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        return "a link out of the folder is not followed"
    if not path.is_file():
        return "not a file"
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None if format_of(head) else named(head) if head else "empty"


def kind_of(folder: Path, files: Sequence[Path]) -> Kind:
    if all((folder / side).is_dir() for side in SIDES):
        return "pairs"
    return "unlabelled" if all(path.parent == folder for path in files) else "classes"


def pairs(folder: Path, files: Sequence[Path], problems: list[str]) -> tuple[list[Picture], list[str]]:
    """Equal stems belong together: anchor/tree.png and positive/tree.jpg."""
    sides = {side: by_stem(folder, side, files, problems) for side in SIDES}
    problems += [f"{path.relative_to(folder)}: beside anchor/ and positive/" for path in beside(folder, files)]
    anchors, positives = (sides[side] for side in SIDES)
    for stem in sorted(anchors.keys() ^ positives.keys()):
        path = (anchors.get(stem) or positives[stem]).relative_to(folder)
        problems.append(f"{path}: no picture named {stem} in {SIDES[stem in anchors]}/")
    identities = sorted(anchors.keys() & positives.keys())
    names = read_names(folder / NAMES)
    pictures = [
        Picture(sides[side][stem], names.get(anchors[stem].name, stem), identity, side)
        for side in SIDES
        for identity, stem in enumerate(identities)
    ]
    return pictures, identities


def by_stem(folder: Path, side: str, files: Sequence[Path], problems: list[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in (path for path in files if path.parent == folder / side):
        if path.stem in found:
            problems.append(f"{path.relative_to(folder)}: {found[path.stem].name} has the same name up to its ending")
        found.setdefault(path.stem, path)
    return found


def beside(folder: Path, files: Sequence[Path]) -> list[Path]:
    """Pictures that lie neither in anchor/ nor in positive/."""
    return [path for path in files if path.parent not in [folder / side for side in SIDES]]


def read_names(path: Path) -> dict[str, str]:
    """What `prepare` knows of its own pictures; nothing where the file is not there or not its own."""
    try:
        names = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return {str(file): str(name) for file, name in names.items()} if isinstance(names, dict) else {}


def classes(folder: Path, files: Sequence[Path], problems: list[str]) -> tuple[list[Picture], list[str]]:
    """The class of a picture is the folder it lies in: fruit/apple/golden/1.jpg is a fruit/apple/golden."""
    problems += [f"{path.name}: beside the folders of classes" for path in files if path.parent == folder]
    inside = [path for path in files if path.parent != folder]
    labels = [path.parent.relative_to(folder).as_posix() for path in inside]
    identities = sorted(set(labels))
    problems += [f"{label}: a class of one picture, which has none to be compared with" for label in alone(labels)]
    problems += [f"{label}: an empty class" for label in empty_classes(folder)]
    rows = {label: row for row, label in enumerate(identities)}
    pictures = [
        Picture(path, words_of(path.parent.name), rows[label], "any")
        for path, label in zip(inside, labels, strict=True)
    ]
    return pictures, identities


def alone(labels: Iterable[str]) -> list[str]:
    return sorted(label for label, count in Counter(labels).items() if count == 1)


def empty_classes(folder: Path) -> list[str]:
    """Folders without any file or folder in them that counts."""
    places = ((Path(place), [*folders, *files]) for place, folders, files in os.walk(folder))
    return sorted(
        place.relative_to(folder).as_posix()
        for place, names in places
        if not any(map(hidden, place.relative_to(folder).parts)) and all(map(hidden, names))
    )


def words_of(label: str) -> str:
    """`Golden-Delicious` and `golden_delicious` are both "golden delicious"."""
    return " ".join(label.replace("-", " ").replace("_", " ").split()).lower()


def unlabelled(folder: Path, files: Sequence[Path], problems: list[str]) -> tuple[list[Picture], list[str]]:
    """Each picture for itself."""
    identities = [path.relative_to(folder).as_posix() for path in files]
    pictures = [Picture(path, words_of(path.stem), row, "any") for row, path in enumerate(files)]
    return pictures, identities


READERS = {"pairs": pairs, "classes": classes, "unlabelled": unlabelled}


def prepared(data: Path) -> Collection:
    """What `prepare` put into data/images: pairs there, classes or pictures alone in a folder of that name."""
    others: tuple[Kind, Kind] = ("classes", "unlabelled")
    kind = next((kind for kind in others if (data / kind).is_dir()), None)
    return read_collection(data / kind, kind) if kind else read_pairs(data)


def read_pairs(data: Path) -> Collection:
    """Without a word on what else lies in a prepared folder: weights, names, the manifest."""
    found = read_collection(data, "pairs")
    found.problems[:] = [problem for problem in found.problems if problem.startswith(("anchor/", "positive/"))]
    return found


def opened(collection: Collection, max_pixels: int) -> Iterator[tuple[Picture, Image.Image]]:
    """Each picture that can be read, once; broken ones and the same file again are named in `collection.problems`."""
    seen: dict[Role, dict[str, Picture]] = defaultdict(dict)
    for picture in collection.pictures:
        name = picture.path.relative_to(collection.folder)
        try:
            raw = picture.path.read_bytes()
            image = decode(raw, max_pixels)
        except (Problem, OSError) as error:
            collection.problems.append(f"{name}: {reason_of(error)}")
            continue
        first = seen[picture.role].setdefault(content_id(raw), picture)
        if first is picture:
            yield picture, image
        else:
            collection.problems.append(f"{name}: the same file as {first.path.relative_to(collection.folder)}")


def reason_of(error: Problem | OSError) -> str:
    return error.detail if isinstance(error, Problem) else f"cannot be read ({error.strerror})"


def said(problems: Sequence[str], shown: int = SHOWN) -> str:
    """The first problems, a line each, and how many there are besides; names that are no text as far as they are."""
    more = [f"... and {len(problems) - shown:,} more"] if len(problems) > shown else []
    return "\n".join([*problems[:shown], *more]).encode("utf-8", "replace").decode()


def found_instead(problems: Sequence[str]) -> str:
    return f"it has\n{said(problems)}\n" if problems else "it is empty"


def fingerprint(own: Collection) -> str:
    """One sum for the names and the content of all pictures: what tells whether they were prepared already."""
    files = tqdm([picture.path for picture in own.pictures], "comparing", unit="picture")
    sums = [f"{path.relative_to(own.folder)} {sha256_of(path)}" for path in files]
    return hashlib.sha256("\n".join(sums).encode()).hexdigest()
