"""People as the engine answers about them: users by id, newcomers by what they send; known once, remembered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from services.ratings.base import Known
from services.ratings.catalogue import Catalogue, mean
from services.ratings.features import Column, is_day, is_weekend, profile_flags
from services.ratings.history import Histories
from services.ratings.ledger import UNKNOWN, Ledger, Own
from services.ratings.predictor import Predictor
from services.ratings.schemas.newcomer import GivenRating, Person
from services.ratings.schemas.users import Profile, Rating, Share, User
from shared.problems import NotFound, Unprocessable

REMEMBERED = 1000  # people; each takes about 40 kB


@dataclass(frozen=True)
class Somebody:
    """Whom a question is about."""

    own: Own
    profile: Tensor  # (1, P)


class People:
    def __init__(
        self, ledger: Ledger, profile: np.ndarray, columns: list[Column], catalogue: Catalogue, predictor: Predictor
    ) -> None:
        self.ledger, self.columns, self.catalogue, self.predictor = ledger, columns, catalogue, predictor
        self.profile = torch.from_numpy(profile)  # (U, P)
        self.known_user = lru_cache(REMEMBERED)(self.know_user)

    def known(self) -> str:
        ids = self.ledger.ids()
        return f"there are {len(ids):,} users, with ids from {ids[0]} to {ids[-1]}; /ratings/users lists them"

    def check(self, user_id: int) -> int:
        if not self.ledger.knows(user_id):
            raise NotFound(f"no user {user_id}: {self.known()}; POST /ratings/ratings makes a new one")
        return user_id

    def user(self, user_id: int) -> Somebody:
        """A user as of now."""
        place = self.ledger.place.get(self.check(user_id))
        profile = self.unknown() if place is None else self.profile[place : place + 1]
        return Somebody(self.ledger.own(user_id), profile)

    def newcomer(self, ratings: Sequence[GivenRating], person: Person | None) -> Somebody:
        """Somebody by what he sends."""
        rows = [(self.movie(n, one), self.stars(n, one), seconds(one.at), True) for n, one in enumerate(ratings)]
        return Somebody(Own.of(rows), self.unknown() if person is None else self.told(person))

    def movie(self, place: int, rating: GivenRating) -> int:
        try:
            return self.catalogue.position(rating.movie_id)
        except NotFound as problem:
            raise Unprocessable(f"ratings.{place}: {problem.detail}") from None

    def stars(self, place: int, rating: GivenRating) -> float:
        self.check_stars(rating.stars, f"ratings.{place}: ")
        return rating.stars

    def check_stars(self, stars: float, where: str = "") -> None:
        low, high = self.predictor.scale
        if not low <= stars <= high:
            raise Unprocessable(f"{where}{stars:g} stars are off the scale of this data, {low:g} to {high:g}")

    def unknown(self) -> Tensor:
        return torch.full((1, self.profile.shape[1]), torch.nan)

    def told(self, person: Person) -> Tensor:
        given = {name: value for name, value in person.model_dump().items() if value is not None}
        for name, value in given.items():
            self.check_told(name, value)
        return profile_flags(self.columns, [{name: self.as_written(name, value) for name, value in given.items()}])

    def check_told(self, name: str, value: object) -> None:
        column = next((column for column in self.columns if column.name == name), None)
        if column is None:
            told = ", ".join(column.name for column in self.columns) or "nothing"
            raise Unprocessable(f"profile.{name}: this data tells of its users {told}; leave {name} out")
        if not column.edges and self.as_written(name, value) not in column.values:
            raise Unprocessable(f"profile.{name}: {value!r} is not one of {', '.join(column.values)}")

    def as_written(self, name: str, value: object) -> object:
        """In the letters of the data, whatever their case."""
        values = [value for column in self.columns if column.name == name for value in column.values]
        return next((one for one in values if one.casefold() == str(value).casefold()), value)

    def histories(self, several: Sequence[Own]) -> Histories:
        people = [np.full(len(own), place) for place, own in enumerate(several)]
        person, movie, stars, at = (
            torch.from_numpy(np.concatenate(column))
            for column in (people, *([getattr(own, name) for own in several] for name in ("movie", "stars", "at")))
        )
        return self.predictor.histories(person, movie, stars, at, len(several))

    @torch.inference_mode()
    def know(self, somebody: Somebody) -> Known:
        return self.predictor.base.know(self.histories([somebody.own]), somebody.profile)

    def know_user(self, user_id: int, version: int) -> Known:
        """Remembered under a version that was read before the ratings are: it may be older than they, never newer."""
        return self.know(self.user(user_id))

    def details(self, user_id: int) -> User:
        own = self.user(user_id).own
        return User(user_id=user_id, count=len(own), mean=mean(own.stars.sum(), len(own)), added=int(own.added.sum()))

    def ratings(self, own: Own) -> list[Rating]:
        """Newest first, those of an unknown moment last."""
        return [self.rating(own, row) for row in np.argsort(-own.at, kind="stable")]

    def rating(self, own: Own, row: int) -> Rating:
        movie, at = own.movie[row], int(own.at[row])
        return Rating(
            movie_id=int(self.catalogue.movie_id[movie]),
            title=self.catalogue.titles[movie],
            stars=float(own.stars[row]),
            at=datetime.fromtimestamp(at, UTC) if at != UNKNOWN else None,
        )

    def habits(self, own: Own) -> Profile:
        timed = own.at != UNKNOWN
        day, weekend, stars = is_day(own.at[timed]), is_weekend(own.at[timed]), own.stars[timed]
        flags = self.catalogue.flags[own.movie]  # (n, G)
        genres = [share(name, own.stars[flags[:, genre]]) for genre, name in enumerate(self.catalogue.genres)]
        return Profile(
            genres=sorted((g for g in genres if g.count), key=lambda g: -g.count),
            daytime=[share("day", stars[day]), share("night", stars[~day])],
            week=[share("weekday", stars[~weekend]), share("weekend", stars[weekend])],
        )


def share(name: str, stars: np.ndarray) -> Share:
    return Share(name=name, count=len(stars), mean=mean(stars.sum(), len(stars)))


def seconds(at: datetime | None) -> int:
    """Seconds since 1970; no time is UNKNOWN."""
    return UNKNOWN if at is None else int(at.timestamp())
