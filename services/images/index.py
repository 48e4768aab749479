"""The index from the command line: adds a folder of pictures, removes, lists, and checks that all is whole.

`python -m services.images.index add FOLDER`. A service that runs meanwhile finds what is added with its next search.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from services.images.anchors import Anchors, Searcher
from services.images.collection import said
from services.images.defaults import FILES, import_defaults
from services.images.embedder import Embedder
from services.images.indexing import NameFrom, Outcome, add_folder, faults
from services.images.settings import Settings
from shared.artifacts import read_manifest
from shared.commands import CannotDo, run
from shared.device import training_threads
from shared.problems import Problem

COMMAND = "python -m services.images.index"


def opened(settings: Settings) -> Anchors:
    """With what came with the model, whether the service has run yet or not."""
    model = read_manifest(settings.artifacts).sha256
    anchors = Anchors(settings.state, settings.artifacts / FILES)
    import_defaults(anchors, settings.artifacts, model)
    return anchors


def add(settings: Settings, folder: Path, name_from: NameFrom | None) -> None:
    """Says what was done even when it is interrupted: what was added stays, and the next time goes on from there."""
    if not folder.is_dir():  # before the model is loaded
        raise CannotDo(f"{folder} is a file: give the folder it is in" if folder.is_file() else f"no folder {folder}")
    anchors, embedder, outcome = opened(settings), Embedder.load(settings), Outcome()
    try:
        add_folder(anchors, embedder, folder, settings.max_pixels, training_threads(), name_from, outcome)
    finally:
        tqdm.write(outcome.summary())
    if not outcome.added and not outcome.known:
        raise CannotDo(f"nothing in {folder} could be added")


def remove(settings: Settings, ids: Sequence[str]) -> None:
    gone = opened(settings).remove(ids)
    tqdm.write(f"{len(gone):,} removed")
    if unknown := sorted(set(ids) - set(gone)):
        raise CannotDo(f"no anchor {', '.join(unknown)}; `{COMMAND} list` shows those there are")


def show(settings: Settings, query: str) -> None:
    anchors, offset = opened(settings), 0
    while some := anchors.find(query, 1000, offset)[0]:
        for anchor in some:
            tqdm.write(f"{anchor.id}  {anchor.added_at}  {anchor.file}  {anchor.name}")
        offset += len(some)


def check(settings: Settings) -> None:
    """The database, every file against its sha256, every vector; then the derived indexes are built anew."""
    anchors, model = opened(settings), read_manifest(settings.artifacts).sha256
    anchors.refuse_damage()
    found = list(faults(anchors, model))
    searcher = Searcher(anchors, anchors.widths(model), model, anew=True)
    searcher.save()
    searcher.close()
    if found:
        raise CannotDo(f"{said(found)}\nadd these files again, or remove the pictures: `{COMMAND} remove ID`")
    tqdm.write(f"{searcher.size:,} pictures are whole, and can be searched")


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    adding = commands.add_parser("add", help="add the pictures of a folder; of pairs the anchors")
    adding.add_argument("folder", type=Path)
    adding.add_argument("--name-from", choices=["file", "folder"], help="what a picture's name is made from")
    commands.add_parser("remove", help="remove pictures").add_argument("ids", nargs="+", metavar="ID")
    commands.add_parser("list", help="id, time, file and name of each").add_argument("--query", default="")
    commands.add_parser("check", help="see that every picture is whole, and build the derived indexes anew")
    asked, settings = parser.parse_args(), Settings()
    try:
        obey(asked, settings)
    except Problem as problem:
        raise CannotDo(problem.detail) from problem


def obey(asked: argparse.Namespace, settings: Settings) -> None:
    if asked.command == "add":
        add(settings, asked.folder, asked.name_from)
    elif asked.command == "remove":
        remove(settings, asked.ids)
    elif asked.command == "list":
        show(settings, asked.query)
    else:
        check(settings)


if __name__ == "__main__":
    run(main)
