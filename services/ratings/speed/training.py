"""What training costs and reaches: CPU seconds and RMSE, beside Surprise on the same rows in the same process."""

import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial

import torch

from services.ratings.dataset import Dataset
from services.ratings.learn import QUICK, Recipe
from services.ratings.metrics import rmse
from services.ratings.peers.stars import RATING_PEERS, Answer, surprise
from services.ratings.protocols import Split, random_split, without_timestamps
from services.ratings.speed.timing import figure
from services.ratings.train import rank
from services.ratings.trained import learn
from shared.engine import Figure

ROUNDS = {"quick": 3, "Surprise SVD": 3}  # the others once
SVD, SVDPP = RATING_PEERS["Surprise SVD"].answer, RATING_PEERS["Surprise SVD++"].answer

Learner = Callable[[Split], Answer]


def ours(recipe: Recipe, split: Split, timed: bool = True) -> Answer:
    """The whole training; asked without moments, as the others are."""
    train = split.train if timed else without_timestamps(split.train)
    started = time.process_time()
    trained = learn(train, recipe, 0)
    seconds = time.process_time() - started
    asked = split.asked
    return Answer(trained.predict(asked["user_id"].to_numpy(), asked["movie_id"].to_numpy(), None).stars, seconds)


LEARNERS: dict[str, Learner] = {
    "full": partial(ours, Recipe()),
    "full, without times": partial(ours, Recipe(), timed=False),
    "quick": partial(ours, QUICK),
    "Surprise SVD": lambda split: SVD(split.train, split.asked),
    "Surprise SVD++, cache_ratings": lambda split: SVDPP(split.train, split.asked),
    "Surprise SVD++, as it comes": lambda split: surprise("SVDpp", split.train, split.asked, random_state=0),
}


def measure(data: Dataset) -> list[Figure]:
    split = random_split(data)
    warm_up()
    found = answers(LEARNERS, split, max(ROUNDS.values()))
    seconds = {name: statistics.median(one.seconds for one in several) for name, several in found.items()}
    errors = {name: rmse(several[0].stars, split.truth) for name, several in found.items()}
    where = f"{split.name} of {data.name}"
    note = f"and {ranking_seconds(split.train):.1f} s for the ranking head; the goals: full <= SVD++, quick <= SVD"
    return [
        figure("CPU seconds of training", seconds, where, note),
        figure("RMSE of these trainings, stars", errors, where, "asked without moments; the goal: quick below SVD++"),
    ]


def warm_up() -> None:
    """torch imports much more with its first optimiser: a second or two of every process, not of a training."""
    torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])


def answers(learners: Mapping[str, Learner], split: Split, rounds: int) -> dict[str, list[Answer]]:
    """In turns; who is slow has the first turn only."""
    found: dict[str, list[Answer]] = {name: [] for name in learners}
    for turn in range(rounds):
        for name, learner in learners.items():
            if turn < ROUNDS.get(name, 1):
                found[name].append(learner(split))
    return found


def ranking_seconds(data: Dataset) -> float:
    started = time.process_time()
    rank(data)
    return time.process_time() - started
