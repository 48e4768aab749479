"""Lists and pairs inside the process, beside Surprise's own way on the same data: `predict` in a loop, and sort."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from services.ratings import recommending
from services.ratings.base import Questions
from services.ratings.dataset import Dataset
from services.ratings.engine import Engine
from services.ratings.peers.stars import fit_surprise
from services.ratings.predictor import Estimates
from services.ratings.recommending import Shown
from services.ratings.schemas.predict import Pair, PredictRequest
from services.ratings.schemas.recommend import RecommendationsRequest
from services.ratings.speed.timing import Turn, figure, medians, take_turns
from shared.engine import Figure

TOP, PAIRS, ROUNDS = 10, 1000, 60
ASKED = RecommendationsRequest(limit=TOP, by="stars")
TABLE, WHOLE, ANEW = "from the table", "the whole answer, with intervals and parts", "without the table"
SVD, SVDPP = "Surprise SVD", "Surprise SVD++"


@dataclass(frozen=True)
class Ours:
    """The engine, asked for what Surprise's loop gives; users and movies by position."""

    engine: Engine
    user_ids: list[int]

    def fill(self) -> float:
        """The whole table; CPU seconds."""
        started = time.process_time()
        for user_id in tqdm(self.user_ids, desc="filling the table", unit=" users"):
            self.engine.fill_row(user_id)
        return time.process_time() - started

    def possible(self, candidates: dict[str, Turn]) -> dict[str, Turn]:
        """A catalogue may be too large for a table."""
        return {name: call for name, call in candidates.items() if name != TABLE or self.engine.table.users}

    def listed(self, user: int) -> list[tuple[float, int]]:
        """From the table: unseen movies only, with their stars, as Surprise's loop gives them."""
        table, ids = self.engine.table, self.engine.catalogue.movie_id
        movie = table.top(user, slice(0, TOP))
        return list(zip(table.stars[user, movie].tolist(), ids[movie].tolist(), strict=True))

    def anew(self, user: int) -> Shown:
        """Without the table, and without remembering the user."""
        somebody = self.engine.people.user(self.user_ids[user])
        may, known = self.engine.may_be_shown(somebody, ASKED), self.engine.people.know(somebody)
        return recommending.by_stars(self.engine.predictor, known, may, slice(0, TOP), None)

    def pairs_anew(self, user: np.ndarray, movie: np.ndarray) -> Estimates:
        people, person = np.unique(user, return_inverse=True)
        somebodies = [self.engine.people.user(self.user_ids[one]) for one in people]
        own = self.engine.people.histories([one.own for one in somebodies])
        asked = Questions(torch.from_numpy(person), torch.from_numpy(movie), None)
        return self.engine.predictor.answer(own, torch.cat([one.profile for one in somebodies]), asked)


def loop_top(model: Any, user_id: int, movie_ids: Iterable[int], seen: set[int]) -> list[tuple[float, int]]:
    """As Surprise's FAQ has it."""
    found = [(model.predict(user_id, movie).est, movie) for movie in movie_ids if movie not in seen]
    return sorted(found, reverse=True)[:TOP]


def loop_pairs(model: Any, pairs: Sequence[tuple[int, int]]) -> list[float]:
    return [model.predict(user_id, movie_id).est for user_id, movie_id in pairs]


def measure(engine: Engine, data: Dataset) -> list[Figure]:
    ours = Ours(engine, data.users["user_id"].tolist())
    seconds = ours.fill()
    svd, _ = fit_surprise("SVD", data, random_state=0)
    svdpp, _ = fit_surprise("SVDpp", data, cache_ratings=True, random_state=0)
    peers = {SVD: svd, SVDPP: svdpp}
    filling = figure(
        "CPU seconds of filling the table for everybody", {"ours": seconds}, data.name, "once, in the background"
    )
    return [top_figure(ours, peers, data), pairs_figure(ours, peers, data), filling]


def top_figure(ours: Ours, peers: dict[str, Any], data: Dataset) -> Figure:
    who = np.random.default_rng(0).integers(len(ours.user_ids), size=ROUNDS).tolist()
    ids, movie_ids = [ours.user_ids[user] for user in who], data.movies["movie_id"].tolist()
    seen = [set(data.ratings["movie_id"][data.ratings["user_id"] == one]) for one in ids]
    candidates: dict[str, Turn] = {
        TABLE: lambda call: ours.listed(who[call % ROUNDS]),
        f"{WHOLE}, and reasons": lambda call: ours.engine.recommend(ids[call], ASKED),
        ANEW: lambda call: ours.anew(who[call]),
        SVD: lambda call: loop_top(peers[SVD], ids[call], movie_ids, seen[call]),
        SVDPP: lambda call: loop_top(peers[SVDPP], ids[call], movie_ids, seen[call]),
    }
    taken = medians(take_turns(ours.possible(candidates), ROUNDS, slow=[SVDPP], quick=[TABLE]))
    return figure(f"ms, the {TOP} best of all unseen movies by stars", taken, data.name, "goal: 500 times SVD's speed")


def pairs_figure(ours: Ours, peers: dict[str, Any], data: Dataset) -> Figure:
    dice = np.random.default_rng(1)
    user, movie = (dice.integers(many, size=(ROUNDS, PAIRS)) for many in (len(ours.user_ids), len(data.movies)))
    user_ids = data.users["user_id"].to_numpy()[user].tolist()
    movie_ids = data.movies["movie_id"].to_numpy()[movie].tolist()
    ids = [list(zip(*both, strict=True)) for both in zip(user_ids, movie_ids, strict=True)]
    asked = [PredictRequest(pairs=[Pair(user_id=one, movie_id=other) for one, other in pairs]) for pairs in ids]
    candidates: dict[str, Turn] = {
        TABLE: lambda call: ours.engine.table.pairs(user[call % ROUNDS], movie[call % ROUNDS]).tolist(),
        WHOLE: lambda call: ours.engine.predict(asked[call]),
        ANEW: lambda call: ours.pairs_anew(user[call], movie[call]),
        SVD: lambda call: loop_pairs(peers[SVD], ids[call]),
        SVDPP: lambda call: loop_pairs(peers[SVDPP], ids[call]),
    }
    taken = medians(take_turns(ours.possible(candidates), ROUNDS, slow=[ANEW, SVDPP], quick=[TABLE]))
    metric = f"ms, {PAIRS:,} pairs of a user and a movie, by chance"
    return figure(metric, taken, data.name, "goal: 100 times SVD's speed")
