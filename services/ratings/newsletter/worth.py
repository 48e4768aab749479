"""What each of the newsletter's choices was worth: one is changed after the other, and each time all is measured."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from tqdm import tqdm

from services.ratings.dataset import Dataset
from services.ratings.newsletter.measure import Outcome, measure
from services.ratings.newsletter.network import BRANCHES
from services.ratings.newsletter.protocol import Choices, Ratings, ends, features_of, first_ratings, hold_out, split

MOST_ROWS = 100_000  # of larger data, so that the command ends within minutes

# Each step keeps the changes of the one before it.
CHANGES: dict[str, dict[str, Any]] = {
    "as in the newsletter": {},
    "test ratings by chance, not whole movies": {"movies_apart": False},
    "one scale for all movies": {"scaled_by_movie": False},
    "squared errors, not absolute ones": {"squared": True},
    "epochs chosen on validation, not 100": {"epochs": None},
    "then fitted on the validation rows too": {"refit": True},
    "all ratings, not the first 10,000": {"rows": MOST_ROWS},
}
# Each of these is taken out of the last step alone.
WITHOUT = [("features",), ("context",), ("features", "context"), ("MLP",), ("matrix factorisation",)]


@dataclass(frozen=True)
class Facts:
    """What can be counted of the newsletter's protocol without any network."""

    ratings: int
    users: int
    movies: int
    training_ratings: int
    test_ratings: int
    test_movies_in_training: int
    movies_with_equal_ratings: float  # share of the movies that have a rating; all of theirs become 0.5
    validation_users: int
    validation_users_never_fitted: int
    old: float  # share of the catalogue that its column `old` marks: movies from 2000 on


@dataclass(frozen=True)
class Step:
    name: str
    outcomes: list[Outcome]  # one a seed

    def mean(self, of: Callable[[Outcome], float]) -> float:
        return float(np.mean([of(outcome) for outcome in self.outcomes]))

    def spread(self, of: Callable[[Outcome], float]) -> float:
        """Largest less smallest over the seeds."""
        return float(np.ptp([of(outcome) for outcome in self.outcomes]))


def steps() -> Iterator[tuple[str, Choices]]:
    choices = Choices()
    for name, change in CHANGES.items():
        choices = replace(choices, **change)
        yield name, choices
    for dropped in WITHOUT:
        kept = tuple(branch for branch in BRANCHES if branch not in dropped)
        yield f"that, without {' and '.join(dropped)}", replace(choices, branches=kept)


def worth(data: Dataset, seeds: Sequence[int]) -> list[Step]:
    """Every step with every seed; a seed draws the network's first weights, the order of its rows and the test part."""
    wanted = list(steps())
    ratings = {rows: first_ratings(data, rows) for rows in {choices.rows for _, choices in wanted}}
    bar = tqdm(total=len(wanted) * len(seeds), unit=" runs")
    found = []
    for name, choices in wanted:
        bar.set_description(name)
        found.append(Step(name, [counted(bar, measure(ratings[choices.rows], choices, seed)) for seed in seeds]))
    bar.close()
    return found


def counted(bar: "tqdm[Any]", outcome: Outcome) -> Outcome:
    bar.update()
    return outcome


def facts(ratings: Ratings) -> Facts:
    training, test = split(ratings, movies_apart=True, seed=0)
    learning, held = hold_out(training)
    fitted, validated = (set(ratings.user[rows].tolist()) for rows in (learning, held))
    learned, asked = (set(ratings.movie[rows].tolist()) for rows in (training, test))
    return Facts(
        ratings=len(ratings.stars),
        users=len(set(ratings.user.tolist())),
        movies=len(ratings.features),
        training_ratings=len(training),
        test_ratings=len(test),
        test_movies_in_training=len(asked & learned),
        movies_with_equal_ratings=float((ends(ratings, "amin") == ends(ratings, "amax")).double().mean()),
        validation_users=len(validated),
        validation_users_never_fitted=len(validated - fitted),
        old=float(features_of(ratings.data)[:, -1].double().mean()),
    )


def as_json(data: Dataset, seeds: Sequence[int], counted: Facts, found: Sequence[Step]) -> dict[str, Any]:
    by_seed = [
        {"name": step.name, "outcomes": dict(zip(map(str, seeds), map(asdict, step.outcomes), strict=True))}
        for step in found
    ]
    return {"data": data.name, "seeds": list(seeds), "facts": asdict(counted), "steps": by_seed}
