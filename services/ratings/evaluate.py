"""How good the predictions are on ratings never seen, beside other people's models on the same rows in the same run.

Each split's training part alone is learned from, by the recipe of `train`; of its test part the model sees who, what
and when. The settings of the recipe were chosen on validation rows inside the random split's training part of
MovieLens 100K, never on its test part; some of these rows are in the test parts of its other protocols, u1 to u5 too.
With --train and --test, the same for any two files.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean

from services.ratings import dataset
from services.ratings.dataset import Dataset
from services.ratings.learn import Recipe
from services.ratings.metrics import interval_coverage, rmse
from services.ratings.outcomes import BLIND, Learn, Measured, Model, measure, predict
from services.ratings.peers.newcomers import answers_at
from services.ratings.peers.ranking import NEED_A_PACKAGE, OTHER_RANKERS, Ranker, own_head, top_ten
from services.ratings.peers.stars import NEED_NO_PACKAGE, RATING_PEERS, Peer
from services.ratings.protocols import (
    FOLD_NAMES,
    GIVEN,
    Newcomers,
    newcomers,
    random_split,
    splits_of,
    without_timestamps,
)
from services.ratings.published import (
    calibration_figures,
    fold_figures,
    newcomer_figure,
    ranking_figures,
    split_figures,
    where,
)
from services.ratings.settings import Settings
from services.ratings.split_files import Files, Report, on_files
from services.ratings.trained import learn
from shared.cards import publish, refuse_other_data, table
from shared.commands import CannotDo, run
from shared.device import limit_threads
from shared.engine import Figure

COMMAND = "python -m services.ratings.evaluate"
NEWCOMERS, RANKING = "newcomers", "ranking"
SEEDS, FOLD_SEEDS = (0, 1, 2), (0,)  # the folds are five trainings already
RETRAINED_AT = (5, 20)  # of k: each is a whole training of every peer
FEWEST_USERS = 5  # a fifth of them are the newcomers
LIKED = 0.75  # of the way up the scale: 4 of 1 to 5 stars


def ours(data: Dataset, seed: int) -> Model:
    """The one place where our model comes in."""
    return learn(data, Recipe(), seed)


def say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Run:
    """What is measured in one call of the command."""

    data: Dataset
    learn: Learn
    seeds: tuple[int, ...]  # none: as many as each protocol needs
    peers: Mapping[str, Peer]

    @property
    def has_peers(self) -> bool:
        return len(self.peers) > len(NEED_NO_PACKAGE)

    def figures(self, protocols: list[str]) -> list[Figure]:
        splits = [self.split(name) for name in protocols if name not in (NEWCOMERS, RANKING)]
        folds = [one for one in splits if one.split in FOLD_NAMES]
        found = fold_figures(self.data, folds) if folds else []
        for one in splits:
            if one.split not in FOLD_NAMES:
                found += [*split_figures(self.data, one.split, [one]), *calibration_figures(self.data, one)]
        found += self.newcomers() if NEWCOMERS in protocols else []
        return [*found, *(self.ranking() if RANKING in protocols else [])]

    def split(self, name: str) -> Measured:
        default = FOLD_SEEDS if name in FOLD_NAMES else SEEDS
        return measure(splits_of(self.data)[name](), self.learn, self.seeds or default, self.peers, say)

    def newcomers(self) -> list[Figure]:
        """One training a seed; what people give is folded in, without time."""
        people = newcomers(without_timestamps(self.data))
        models = {}
        for seed in self.seeds or SEEDS:
            say(f"newcomers: this model, seed {seed}")
            models[seed] = self.learn(people.train, seed)
        return [self.newcomer(people, k, models) for k in GIVEN if not people.at(k)[1].empty]

    def newcomer(self, people: Newcomers, k: int, models: Mapping[int, Model]) -> Figure:
        say(f"newcomers: {k} ratings given")
        given, held = people.at(k)
        truth = held["stars"].to_numpy(float)
        told = {seed: predict(model.fold_in(given, people.profiles), held, BLIND) for seed, model in models.items()}
        # Told the profiles too, the retrained myFM was a little worse: the stricter comparison is the one without.
        strangers = people.profiles[["user_id"]]
        others = answers_at(people.train, given, held, strangers, self.has_peers and k in RETRAINED_AT)
        return newcomer_figure(
            self.data,
            k,
            {seed: rmse(one.stars, truth) for seed, one in told.items()},
            fmean(interval_coverage(one.low, one.high, truth) for one in told.values()),
            held["user_id"].nunique(),
            {name: rmse(other.stars, truth) for name, other in others.items()},
        )

    def ranking(self) -> list[Figure]:
        """Of the random split: every movie of the test part is wanted, or those of 4 of 5 stars and more."""
        split, (low, high) = random_split(self.data), self.data.scale
        liked = split.test[split.test["stars"] >= low + LIKED * (high - low)]
        head, others = own_head(split.train), dict(self.rankers(split.train))
        note = "; ".join(one.note for one in others.values() if one.note)
        found: list[Figure] = []
        for what, wanted in (("all test movies", split.test), ("liked test movies", liked)):
            theirs = {name: top_ten(one, split.train, wanted) for name, one in others.items()}
            place = where(self.data, f"random 80/20, top 10 for {what}")
            found += ranking_figures(place, top_ten(head, split.train, wanted), theirs, note)
        return found

    def rankers(self, train: Dataset) -> Iterator[tuple[str, Ranker]]:
        for name, fit in OTHER_RANKERS.items():
            package = NEED_A_PACKAGE.get(name)
            if package is None or (self.has_peers and find_spec(package)):
                say(f"ranking: {name}")
                yield name, fit(train)


def published(asked: argparse.Namespace) -> None:
    """The figures of the prepared data and the recipe; only a whole run goes into the card of the model."""
    settings = Settings()
    refuse_other_data(settings.artifacts, {"data_sha256": settings.data})
    data = dataset.read(settings.data)
    all_protocols = [*splits_of(data), *([NEWCOMERS] if len(data.users) >= FEWEST_USERS else []), RANKING]
    protocols = asked.protocols or all_protocols
    if unknown := set(protocols) - set(all_protocols):
        raise CannotDo(f"{data.name} has no protocol {', '.join(sorted(unknown))}: it has {', '.join(all_protocols)}")
    figures = Run(data, ours, tuple(asked.seeds or ()), peers_for(asked)).figures(protocols)
    if asked.protocols or asked.no_peers:
        print(json.dumps([one.model_dump() for one in figures], indent=1) if asked.json else table(figures))
        say("a part of the figures is shown, and not written into the card")
    else:
        publish(settings.artifacts, figures, asked.json)


def peers_for(asked: argparse.Namespace) -> dict[str, Peer]:
    """All that are installed, or with --no-peers those that need nothing."""
    missing = sorted({peer.package for peer in RATING_PEERS.values() if not peer.is_here})
    if missing and not asked.no_peers:
        say(f"left out, for they are not installed (dependency group `peers`): {', '.join(missing)}")
    return {
        name: peer
        for name, peer in RATING_PEERS.items()
        if peer.is_here and (name in NEED_NO_PACKAGE or not asked.no_peers)
    }


def two_files(asked: argparse.Namespace) -> None:
    for file in (asked.train, asked.test, asked.movies):
        if file is not None and not file.is_file():
            raise CannotDo(f"no file {file}")
    scale = tuple(asked.scale) if asked.scale else None
    files = Files(asked.train, asked.test, asked.movies, scale, timestamps=not asked.no_timestamps)
    found = on_files(files, ours, asked.seeds or [0], peers_for(asked), say)
    print(json.dumps(asdict(found)) if asked.json else as_text(found))


def as_text(report: Report) -> str:
    lines = {name: value for name, value in asdict(report).items() if name != "baselines"}
    others = {f"RMSE of {name}": one["rmse"] for name, one in report.baselines.items()}
    return "\n".join(
        f"{name:<52}{value:.4f}" if isinstance(value, float) else f"{name:<52}{value}"
        for name, value in (lines | others).items()
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument(
        "--protocols",
        nargs="+",
        metavar="NAME",
        help="of u1 to u5, random, chronological, newcomers, ranking (default: all the data has)",
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", help="of the training (default: 0 1 2; for u1 to u5 and for two files: 0)"
    )
    parser.add_argument("--no-peers", action="store_true", help="only what needs no other package beside our model")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    files = parser.add_argument_group(
        "two files of ratings, .csv or .parquet: userId, movieId, rating and, if there is one, timestamp"
    )
    files.add_argument("--train", type=Path, metavar="FILE", help="what to learn from")
    files.add_argument("--test", type=Path, metavar="FILE", help="what to predict; its ratings are only compared")
    files.add_argument("--movies", type=Path, metavar="FILE", help="movieId, title, genres")
    files.add_argument(
        "--scale",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="fewest and most stars (default: of the training file)",
    )
    files.add_argument("--no-timestamps", action="store_true", help="do not look at when a rating was given")
    asked = parser.parse_args()
    if (asked.train is None) != (asked.test is None):
        parser.error("--train and --test go together")
    if asked.train is None and (asked.movies or asked.scale or asked.no_timestamps):
        parser.error("--movies, --scale and --no-timestamps go with --train and --test")
    if asked.train and asked.protocols:
        parser.error("--protocols goes without --train and --test")
    return asked


def main() -> None:
    asked = arguments()
    limit_threads(1)  # so that seconds of the CPU are comparable
    (two_files if asked.train else published)(asked)


if __name__ == "__main__":
    run(main)
