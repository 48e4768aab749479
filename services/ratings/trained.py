"""A model trained on a data set, with everybody's ratings at hand: what `train` stores and `evaluate` measures."""

from dataclasses import dataclass, field, replace
from functools import partial
from statistics import NormalDist

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from services.ratings.base import Questions
from services.ratings.dataset import Dataset, positions
from services.ratings.features import Column
from services.ratings.history import Histories
from services.ratings.learn import (
    Fold,
    Lesson,
    Material,
    Recipe,
    Skill,
    cut_lessons,
    fit_base,
    fold_lesson,
    hide_folds,
    learn_skill,
    others,
    places_in_time,
    timed_lesson,
)
from services.ratings.material import columns_of, material_of, profiles
from services.ratings.predictor import Estimates, Predictor
from services.ratings.stages import FORGOTTEN, Stages
from shared.commands import CannotDo

LEVELS = (0.5, 0.8, 0.9, 0.95)
FIFTHS = 5
FEWEST_ASKED = 2  # of the questions about a moment
FEWEST = 10  # ratings; fewer cannot be split and say anything


@dataclass(frozen=True)
class Held:
    """Ratings of the training, each predicted by a model that had not seen it."""

    user: np.ndarray  # (H,)
    movie: np.ndarray  # (H,)
    stars: np.ndarray  # (H,)
    predicted: np.ndarray  # (H,)
    sd: np.ndarray  # (H,)

    def calibration(self) -> dict[str, list[float]]:
        """How often the intervals of some levels cover, and the real error by fifths of the predicted."""
        error = np.abs(self.stars - self.predicted)
        covered = [float((error <= NormalDist().inv_cdf((1 + level) / 2) * self.sd).mean()) for level in LEVELS]
        fifths = np.array_split(np.argsort(self.sd, kind="stable"), FIFTHS)
        roots = [[float(np.sqrt(np.mean(v[rows] ** 2))) for rows in fifths if len(rows)] for v in (self.sd, error)]
        return {"nominal": list(LEVELS), "covered": covered, "predicted_sd": roots[0], "rmse": roots[1]}


@dataclass(frozen=True)
class Trained:
    predictor: Predictor
    own: Histories  # of the U users
    profile: Tensor  # (U, P)
    columns: list[Column]
    user_id: np.ndarray  # (U,)
    movie_id: np.ndarray  # (M,)
    held: Held
    curves: dict[str, list[float]] = field(default_factory=dict)

    def predict(self, user_id: np.ndarray, movie_id: np.ndarray, timestamp: np.ndarray | None) -> Estimates:
        """Somebody unknown is answered as a person without ratings; without timestamps time plays no role."""
        ids, person = np.unique(user_id, return_inverse=True)
        place = torch.tensor(positions(pd.Series(self.user_id), pd.Series(ids)))
        nobody = len(self.user_id)  # one more, without ratings
        people = place.where(place >= 0, nobody)
        offsets = torch.cat([self.own.offsets, self.own.offsets[-1:]])
        profile = torch.cat([self.profile, torch.full_like(self.profile[:1], torch.nan)])
        own = replace(self.own, offsets=offsets).of(people)
        return self.predictor.answer(own, profile[people], self.questions(person, movie_id, timestamp))

    def questions(self, person: np.ndarray, movie_id: np.ndarray, timestamp: np.ndarray | None) -> Questions:
        movie = positions(pd.Series(self.movie_id), pd.Series(movie_id))
        if (movie < 0).any():
            raise CannotDo(f"movie {movie_id[movie < 0][0]} is not in the data set: give its movies to the training")
        at = None if timestamp is None or not timestamp.any() else torch.tensor(timestamp)
        return Questions(torch.tensor(person), torch.tensor(movie), at)

    def fold_in(self, given: pd.DataFrame, users: pd.DataFrame) -> "Trained":
        """The same model for other people, by what they rated; `users` tells who they are. No training."""
        person = torch.tensor(positions(users["user_id"], given["user_id"]))
        movie = torch.tensor(positions(pd.Series(self.movie_id), given["movie_id"]))
        stars = torch.tensor(given["stars"].to_numpy("float32"))
        at = torch.tensor(given["timestamp"].to_numpy("int64"))
        own = self.predictor.histories(person, movie, stars, at, len(users))
        return replace(self, own=own, profile=profiles(users, self.columns), user_id=users["user_id"].to_numpy())


def learn(data: Dataset, recipe: Recipe, seed: int, stages: Stages = FORGOTTEN) -> Trained:
    """The whole training: nothing but the data given is looked at, and the same seed gives the same model."""
    if len(data.ratings) < FEWEST:
        raise CannotDo(f"{len(data.ratings)} ratings are too few to learn from: {FEWEST} are needed at least")
    columns = columns_of(data.users)
    material = material_of(data, columns)
    sweeps: list[float] = []
    epochs: list[float] = []
    base = stages.base(lambda: fit_base(material, recipe, recipe.keep, seed, sweeps), sweeps)
    folds = hide(material, recipe, seed, stages)
    lessons = [fold_lesson(fold, recipe, seed + 1 + n) for n, fold in enumerate(folds)]
    lesson = Lesson.join(lessons)
    blind, stars = learn_skill(lesson, recipe, seed, epochs)
    timed = learn_timed(material, folds, recipe, seed, stages) if material.timed else None
    held = held_of(material, lesson, blind, stars, len(lessons[0].stars))
    return Trained(
        predictor=Predictor(base, blind, timed, data.scale),
        own=material.histories(base.factors.mu),
        profile=material.profile,
        columns=columns,
        user_id=data.users["user_id"].to_numpy("int64"),
        movie_id=data.movies["movie_id"].to_numpy("int64"),
        held=held,
        curves={"sweep/training, factors": sweeps, "epoch/hidden ratings, correction": epochs},
    )


def hide(material: Material, recipe: Recipe, seed: int, stages: Stages) -> list[Fold]:
    found = []
    for n, rows in enumerate(hide_folds(material, recipe, seed)):
        rest = others(rows, len(material))
        make = partial(fit_base, material.of(rest), recipe, recipe.fold_keep, seed + 1 + n)
        found.append(Fold(material, rows, rest, stages.fold(f"fold-{n}", make)))
    return found


def learn_timed(material: Material, folds: list[Fold], recipe: Recipe, seed: int, stages: Stages) -> Skill | None:
    """The interval from the windows, if any: their bases know nothing of the future. None: nobody has rated twice."""
    place = places_in_time(material)
    windows = [(n, (a, b)) for n, (a, b) in enumerate(recipe.windows) if bool(((place >= a) & (place < b)).any())]
    late = [
        stages.lesson(f"window-{n}", partial(timed_lesson, material, window, recipe, seed + 11 + n))
        for n, window in windows
    ]
    lessons = [lesson for fold in folds for lesson in cut_lessons(fold, recipe)] + late
    trusted = sum(len(lesson.stars) for lesson in late)
    enough = len({int(row) for lesson in lessons for row in lesson.row}) >= FEWEST_ASKED
    return learn_skill(Lesson.join(lessons), recipe, seed, trusted=trusted)[0] if enough else None


@torch.no_grad()
def held_of(material: Material, lesson: Lesson, skill: Skill, stars: Tensor, first: int) -> Held:
    """The first hidden fold: a fifth of everybody's ratings, by chance."""
    rows = (~lesson.pretended[:first]).nonzero()[:, 0]
    which, low, high = lesson.row[rows], *material.scale
    return Held(
        user=material.user[which].numpy(),
        movie=material.movie[which].numpy(),
        stars=material.stars[which].numpy(),
        predicted=stars[rows].clamp(low, high).numpy(),
        sd=skill.sd(lesson.seen.of(rows)).numpy(),
    )
