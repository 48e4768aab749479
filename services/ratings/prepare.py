"""Ratings from a MovieLens set, a folder, a .zip, an .xlsx or a file -> data/ratings, whole or as it was before.

Sources hold userId, movieId, rating (and timestamp: seconds since 1970, or ISO 8601), movies movieId, title, genres;
users, if there are some, userId and anything else.
"""

import argparse
import math
import sys
from pathlib import Path

from pydantic import JsonValue

from services.ratings.dataset import write
from services.ratings.settings import Settings
from services.ratings.sources.complaints import SHOWN, BadRows
from services.ratings.sources.movielens import ML_100K, SETS, SITE, WHEEL
from services.ratings.sources.places import fingerprint
from services.ratings.sources.reading import Imported, read_source
from shared import __version__
from shared.artifacts import Manifest, is_whole, read_manifest, whole_folder, write_manifest
from shared.commands import CannotDo, run

COMMAND = "python -m services.ratings.prepare"
LEFT_OUT = "left-out.csv"


def prepare(asked: argparse.Namespace, folder: Path) -> Imported:
    """Write `folder` whole, or leave it as it was."""
    try:
        found = read_source(source_of(asked), asked.movies, asked.scale, asked.skip_bad_rows)
    except BadRows as error:
        raise BadRows(f"{error}\n--skip-bad-rows imports the others, and writes down which were left out") from error
    print(f"writing {found.data.name}", file=sys.stderr)
    with whole_folder(folder) as work:
        write(found.data, work)
        if found.left_out.found:
            found.left_out.write(work / LEFT_OUT)
        write_manifest(work, manifest(found, asked))
    return found


def manifest(found: Imported, asked: argparse.Namespace) -> Manifest:
    data = found.data
    config: dict[str, JsonValue] = {"origin": origin_of(asked), "scale": list(data.scale), "licence": data.licence}
    config |= {"ratings": len(data.ratings), "users": len(data.users), "movies": len(data.movies)}
    config |= {"left_out": found.left_out.bad_rows()}
    movies = ["--movies", asked.movies.name] if asked.movies else []
    command = " ".join([COMMAND, Path(source_of(asked)).name, *movies, *options(asked)])
    return Manifest(service="ratings", version=__version__, data=data.name, command=command, config=config)


def source_of(asked: argparse.Namespace) -> str:
    return asked.source or ML_100K


def origin_of(asked: argparse.Namespace) -> str:
    """What tells whether data was prepared from these very files, in this very way."""
    source = source_of(asked)
    if source in SETS:
        origin = WHEEL.sha256 if source == ML_100K else f"{SITE}/{source}.zip"
    else:
        origin = fingerprint(Path(source))
    return " ".join([origin, *([fingerprint(asked.movies)] if asked.movies else []), *options(asked)])


def options(asked: argparse.Namespace) -> list[str]:
    scale = [f"--scale {asked.scale[0]:g} {asked.scale[1]:g}"] if asked.scale else []
    return [*scale, *(["--skip-bad-rows"] if asked.skip_bad_rows else [])]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    known = f"{', '.join(SETS)} (all but {ML_100K} are downloaded)"
    paths = "or the path of a folder, .zip, .xlsx (sheets products and users), .csv or .parquet"
    default = f"without it {ML_100K}, unless some data is prepared already"
    parser.add_argument("source", nargs="?", help=f"{known}, {paths}; {default}")
    parser.add_argument("--movies", type=Path, metavar="FILE", help="the movies of a single file of ratings")
    parser.add_argument("--scale", type=float, nargs=2, metavar=("LOW", "HIGH"), help="fewest and most stars")
    parser.add_argument(
        "--skip-bad-rows", action="store_true", help=f"import the good rows and write the others into {LEFT_OUT}"
    )
    parser.add_argument("--force", action="store_true", help="prepare again what is already there")
    asked = parser.parse_args()
    asked.scale = asked.scale and tuple(asked.scale)
    return asked


def refuse(asked: argparse.Namespace) -> None:
    """What can be seen to be wrong before anything is read."""
    source = source_of(asked)
    if source not in SETS and not Path(source).exists():
        raise CannotDo(f"no file {source}; the source is one of {', '.join(SETS)}, or the path of a file or folder")
    if asked.movies and not asked.movies.is_file():
        raise CannotDo(f"no file {asked.movies}, which --movies names")
    if asked.movies and source in SETS:
        raise CannotDo(f"{source} has its own movies: --movies is for a single file of ratings")
    if asked.scale and not (all(map(math.isfinite, asked.scale)) and asked.scale[0] < asked.scale[1]):
        raise CannotDo(f"--scale {asked.scale[0]:g} {asked.scale[1]:g}: the first must be less than the second")


def nothing_to_do(asked: argparse.Namespace, folder: Path) -> bool:
    """Without a source, whatever is there stays: `make up` must not replace somebody's own ratings."""
    if asked.force or not is_whole(folder):
        return False
    plain = asked.source is None and not (asked.movies or options(asked))
    return plain or read_manifest(folder).config["origin"] == origin_of(asked)


def tell(found: Imported, folder: Path) -> None:
    warnings = found.data.warnings
    more = [f"... and {len(warnings) - SHOWN:,} more of this kind"] if len(warnings) > SHOWN else []
    for warning in [*warnings[:SHOWN], *more]:
        print(f"warning: {warning}", file=sys.stderr)
    if rows := found.left_out.bad_rows():
        print(f"left out: {rows:,} bad {'row' if rows == 1 else 'rows'}, listed in {folder / LEFT_OUT}")
    low, high = found.data.scale
    print(f"{folder} is ready: {found.data.name}, {low:g} to {high:g} stars")


def main() -> None:
    asked, folder = arguments(), Settings().data
    refuse(asked)
    if nothing_to_do(asked, folder):
        print(f"{folder} is whole ({read_manifest(folder).data}): nothing to do")
        return
    tell(prepare(asked, folder), folder)


if __name__ == "__main__":
    run(main)
