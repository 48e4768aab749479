"""One rating of one user, added or taken back."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.ratings.schemas.common import GivenStars, MovieId, RatedAt, Title, UserId
from shared.schemas import Request

EXAMPLES: list[JsonValue] = [
    {"user_id": 100_000, "movie_id": 50, "stars": 5, "at": "1998-03-07T20:15:00Z"},
    {"user_id": 100_000, "movie_id": 1, "stars": 4},
]


class AddRequest(Request):
    """What a user gives a movie. A rating of the same movie is replaced; an id that nobody has makes a new user."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    user_id: UserId = Field(
        description="A user, known or new: an id that nobody has yet makes a new user.", examples=[100_000]
    )
    movie_id: MovieId
    stars: GivenStars
    at: RatedAt = None


class Saved(BaseModel):
    """A change that is on the disk: it outlives a crash of the service."""

    user_id: UserId
    movie_id: MovieId
    title: Title
    stars: float | None = Field(description="What the user gives the movie now, in stars; null when it was taken back.")
    before: float | None = Field(description="What the user gave it before, in stars; null when it was not rated.")
    count: int = Field(ge=0, description="How many movies the user has rated now.")
    saved: Literal[True] = Field(True, description="Always true: what is not on the disk is not answered.")
