"""Answers with the trained network: predictions with interval and parts, movies, users, recommendations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from services.ratings.catalogue import Catalogue
from services.ratings.features import context_features
from services.ratings.model import PARTS, FourBranches, Interval, Shape
from services.ratings.schemas import (
    Movie,
    MovieList,
    MoviesRequest,
    Pair,
    Parts,
    Prediction,
    Predictions,
    PredictRequest,
    RatingList,
    Recommendation,
    RecommendationList,
    RecommendationsRequest,
    UserDetails,
    UserList,
)
from services.ratings.settings import Settings
from shared.artifacts import verify
from shared.cards import card_of
from shared.device import choose, limit_threads
from shared.engine import Card
from shared.problems import NotFound, Unprocessable
from shared.schemas import PageRequest
from shared.tensors import load_tensors

DECIMALS = 6  # of stars and parts: enough for the parts to add up to 1e-5


@dataclass(frozen=True)
class Estimates:
    """B predictions: stars, the ends of their intervals, and parts with the clip as the last."""

    stars: np.ndarray  # (B,)
    low: np.ndarray  # (B,)
    high: np.ndarray  # (B,)
    parts: np.ndarray  # (B, P + 1)

    def __getitem__(self, rows: np.ndarray) -> "Estimates":
        return Estimates(self.stars[rows], self.low[rows], self.high[rows], self.parts[rows])

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The fields of an Estimate, one prediction after the other."""
        columns = (column.tolist() for column in (self.stars, self.low, self.high, self.parts))
        for stars, low, high, parts in zip(*columns, strict=True):
            named = Parts(**dict(zip((*PARTS, "clip"), parts, strict=True)))
            yield {"stars": stars, "low": low, "high": high, "parts": named}


class Engine:
    def __init__(self, folder: Path, device: str = "cpu", max_pairs: int = 10_000) -> None:
        self.folder, self.manifest = folder, verify(folder)
        self.sha256 = self.manifest.sha256
        self.collectors: tuple[()] = ()
        self.device = str(choose(device))
        self.max_pairs = max_pairs
        self.scale = np.asarray(self.manifest.config["scale"], float)
        self.catalogue = Catalogue(folder)
        self.network, self.interval = load_model(folder / "model.safetensors", self.device)

    @classmethod
    def load(cls, settings: Settings) -> "Engine":
        limit_threads(settings.threads)
        return cls(settings.artifacts, settings.device, settings.max_pairs)

    @torch.inference_mode()
    def estimate(self, user: np.ndarray, movie: np.ndarray, context: Tensor) -> Estimates:
        """Predictions for users and movies by position; stars are the sum of all parts, the clip included."""
        u, m = torch.from_numpy(user).to(self.device), torch.from_numpy(movie).to(self.device)
        parts = self.network(u, m, context.to(self.device))  # (B, P)
        low, high = (end.cpu().numpy().astype(float) for end in self.interval(u, m, parts.sum(1)))
        parts = parts.cpu().numpy().astype(float).round(DECIMALS)
        raw = parts.sum(1)
        stars = raw.clip(*self.scale)
        parts = np.column_stack([parts, stars - raw]).round(DECIMALS)
        # A prediction beyond the scale must still lie in its interval.
        low, high = np.minimum(low.clip(*self.scale), stars), np.maximum(high.clip(*self.scale), stars)
        return Estimates(stars.round(DECIMALS), low.round(4), high.round(4), parts)

    def context(self, times: Sequence[datetime | None]) -> Tensor:
        """Day and weekend; the average of all ratings where no time is given, so that the context adds nothing."""
        given = context_features(np.array([seconds(at) for at in times], np.int64))  # (B, 2)
        known = torch.tensor([at is not None for at in times])
        return torch.where(known[:, None], given, self.network.mean_context.cpu())

    def predict(self, asked: PredictRequest) -> Predictions:
        if len(asked.pairs) > self.max_pairs:
            raise Unprocessable(
                f"{len(asked.pairs):,} pairs are more than the limit of {self.max_pairs:,}; ask in parts"
            )
        user, movie = self.positions(asked.pairs)
        found = self.estimate(user, movie, self.context([pair.at for pair in asked.pairs]))
        return Predictions(
            predictions=[
                Prediction(user_id=pair.user_id, movie_id=pair.movie_id, **fields)
                for pair, fields in zip(asked.pairs, found, strict=True)
            ]
        )

    def positions(self, pairs: Sequence[Pair]) -> np.ndarray:
        """The users' and the movies' positions, (2, B)."""
        found = np.empty((2, len(pairs)), np.int64)
        for index, pair in enumerate(pairs):
            try:
                found[0, index] = self.catalogue.position_of_user(pair.user_id)
                found[1, index] = self.catalogue.position_of_movie(pair.movie_id)
            except NotFound as problem:
                raise Unprocessable(f"pairs.{index}: {problem.detail}") from None
        return found

    def recommend(self, user_id: int, asked: RecommendationsRequest) -> RecommendationList:
        user = self.catalogue.position_of_user(user_id)
        movie = np.flatnonzero(self.candidates(user, asked))
        context = self.context([asked.at]).expand(len(movie), -1)
        found = self.estimate(np.full_like(movie, user), movie, context)
        score = found.low if asked.by == "rank" else found.stars
        unclipped = found.stars - found.parts[:, -1]  # tells apart those that were cut off at the top of the scale
        best = np.lexsort((-unclipped, -score))[asked.window]
        items = [
            Recommendation(**dict(self.catalogue.movie_details(movie[row])), **fields, score=score[row])
            for row, fields in zip(best, found[best], strict=True)
        ]
        return RecommendationList(items=items, total=len(movie), limit=asked.limit, offset=asked.offset)

    def candidates(self, user: int, asked: RecommendationsRequest) -> np.ndarray:
        """Which movies may be recommended."""
        wanted = np.ones(len(self.catalogue.titles), bool)  # (M,)
        if asked.genre is not None:
            wanted &= self.catalogue.genre(asked.genre)
        if not asked.include_seen:
            wanted[self.catalogue.movie[self.catalogue.ratings_of(user)]] = False
        return wanted

    def movies(self, asked: MoviesRequest) -> MovieList:
        found = self.catalogue.search(asked.query, asked.genre)
        shown = found[asked.window]
        items = [self.catalogue.movie_details(movie) for movie in shown]
        return MovieList(items=items, total=len(found), limit=asked.limit, offset=asked.offset)

    def movie(self, movie_id: int) -> Movie:
        return self.catalogue.movie_details(self.catalogue.position_of_movie(movie_id))

    def users(self, asked: PageRequest) -> UserList:
        order = np.argsort(self.catalogue.user_id)
        items = [self.catalogue.user_details(user) for user in order[asked.window]]
        return UserList(items=items, total=len(order), limit=asked.limit, offset=asked.offset)

    def user(self, user_id: int, asked: PageRequest) -> UserDetails:
        user = self.catalogue.position_of_user(user_id)
        rows = self.catalogue.ratings_of(user)
        items = [self.catalogue.rating(row) for row in rows[asked.window]]
        ratings = RatingList(items=items, total=len(rows), limit=asked.limit, offset=asked.offset)
        return UserDetails(
            **dict(self.catalogue.user_details(user)), profile=self.catalogue.profile(user), ratings=ratings
        )

    def examples(self) -> dict[str, object]:
        """Ids that the docs can try: the first of each."""
        return {"user_id": int(self.catalogue.user_id.min()), "movie_id": int(self.catalogue.movie_id.min())}

    def card(self) -> Card:
        manifest, about = self.manifest, self.catalogue
        parameters = sum(parameter.numel() for parameter in self.network.parameters())
        return card_of(
            manifest,
            self.folder,
            self.device,
            summary="Predicts the stars a user gives a movie, with a 90 % interval and the part of each branch.",
            task="Regression of stars from user, movie, genres, year and moment: four additive branches.",
            licence=str(manifest.config["licence"]),
            sizes={
                "parameters": parameters,
                "users": len(about.user_id),
                "movies": len(about.movie_id),
                "ratings": len(about.stars),
            },
            limits=[
                "Only users and movies of the training data are known; a new rating needs a new training.",
                "The interval covers nine of ten ratings over all users, not for every single user.",
                "Recommendations are ordered by predicted stars or their lower end; what people choose may differ.",
                "A movie without ratings is predicted from its genres and year alone.",
            ],
        )


def seconds(at: datetime | None) -> int:
    """Seconds since 1970; a time without a zone is UTC, no time is 0."""
    if at is None:
        return 0
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def load_model(file: Path, device: str) -> tuple[FourBranches, Interval]:
    tensors = load_tensors(file)
    shape = shape_of(tensors)
    network, interval = FourBranches(shape), Interval(shape.users, shape.movies)
    both = nn.ModuleDict({"network": network, "interval": interval})
    both.load_state_dict(tensors)
    both.to(device).eval()
    return network, interval


def shape_of(tensors: dict[str, Tensor]) -> Shape:
    users, width = tensors["network.p.weight"].shape
    movies, features = tensors["network.x"].shape
    hidden, twice = tensors["network.mlp.0.weight"].shape
    context = len(tensors["network.mean_context"])
    return Shape(users, movies, features, context, width, mlp_width=twice // 2, hidden=hidden)
