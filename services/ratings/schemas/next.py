"""Which movies to rate next, so that the model learns most about a person."""

from pydantic import ConfigDict, Field, JsonValue, model_validator

from services.ratings.schemas.common import Genre, Note, UserId
from services.ratings.schemas.estimate import Interval
from services.ratings.schemas.movies import Movie
from services.ratings.schemas.newcomer import Newcomer
from shared.schemas import Page, PageRequest

EXAMPLES: list[JsonValue] = [
    {"user_id": 1},
    {"ratings": [{"movie_id": 50, "stars": 5}], "limit": 3},
    {"ratings": [], "genre": "Comedy"},
]


class NextRequest(PageRequest, Newcomer):
    """About whom to learn: a user, or the person of `ratings`."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    user_id: UserId | None = Field(
        None, description="A user; /ratings/users lists them. Left out, the person of `ratings`.", examples=[1]
    )
    limit: int = Field(5, ge=1, le=1000, description="How many movies at most.")
    genre: Genre = None

    @model_validator(mode="after")
    def one_person(self) -> "NextRequest":
        if (self.user_id is None) == (self.ratings is None):
            raise ValueError("send either `user_id`, or `ratings` (an empty list for one who has rated nothing)")
        return self


class NextMovie(Interval, Movie):
    """A movie, what is expected of it, and what its rating would teach."""

    gain: float = Field(
        ge=0,
        description="How much one rating of it would lower the mean variance of the person's predictions over the "
        "whole catalogue, in stars squared.",
    )
    sd: float = Field(ge=0, description="Standard deviation of this movie's prediction now, in stars.")


class NextList(Page):
    items: list[NextMovie] = Field(description="What teaches most first; never a movie that the person rated.")
    mean_variance: float = Field(
        ge=0, description="Mean variance of the person's predictions over the whole catalogue now, in stars squared."
    )
    note: Note = None
