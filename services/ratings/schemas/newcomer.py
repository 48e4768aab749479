"""A person whom the data set does not know: some ratings, and perhaps a few words about him or her."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from services.ratings.schemas.common import GivenStars, MovieId, RatedAt
from shared.schemas import Request

MOST_RATINGS = 2_000


class GivenRating(Request):
    """What a person gave a movie."""

    movie_id: MovieId
    stars: GivenStars
    at: RatedAt = None


def each_movie_once(ratings: list[GivenRating]) -> list[GivenRating]:
    first: dict[int, int] = {}
    for place, rating in enumerate(ratings):
        before = first.setdefault(rating.movie_id, place)
        if before != place:
            both = f"ratings.{before} and ratings.{place}"
            raise ValueError(f"{both} are of the same movie, {rating.movie_id}; send each movie once")
    return ratings


GivenRatings = Annotated[
    list[GivenRating],
    Field(
        max_length=MOST_RATINGS,
        description=f"What the person rated: each movie once, 0 to {MOST_RATINGS:,}. With none, the answer is what a "
        "stranger is told, and a `note` says so.",
        examples=[[{"movie_id": 50, "stars": 5}, {"movie_id": 1, "stars": 3}]],
    ),
    AfterValidator(each_movie_once),
]


class Person(Request):
    """What a data set tells of its users; one that tells nothing takes no profile."""

    age: int | None = Field(None, strict=True, ge=1, le=120, description="In years.", examples=[33])
    gender: str | None = Field(
        None, max_length=100, description="As the data set writes it (MovieLens: M or F).", examples=["F"]
    )
    occupation: str | None = Field(
        None, max_length=100, description="As the data set writes it; upper or lower case.", examples=["writer"]
    )


GivenProfile = Annotated[
    Person | None, Field(description="About the person; every part of it may be left out. Moves only the beginning.")
]


class Newcomer(Request):
    """Fields of a request that may be about somebody without an id."""

    ratings: GivenRatings | None = Field(
        None,
        description=f"What somebody without an id rated: each movie once, 0 to {MOST_RATINGS:,}. With none, the answer "
        "is what a stranger is told, and a `note` says so.",
    )
    profile: GivenProfile = None

    @model_validator(mode="after")
    def profile_belongs_to_ratings(self) -> "Newcomer":
        if self.profile is not None and self.ratings is None:
            raise ValueError("`profile` is about the person of `ratings`: send them too, if only an empty list")
        return self
