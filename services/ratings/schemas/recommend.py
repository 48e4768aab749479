"""Movies for somebody, best first: a user of the data set, or a newcomer with a few ratings."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from services.ratings.schemas.common import At, Genre, MovieId, Note, Title
from services.ratings.schemas.estimate import Estimate, Explained
from services.ratings.schemas.movies import Movie
from services.ratings.schemas.newcomer import GivenProfile, GivenRatings
from shared.schemas import Page, PageRequest

EXAMPLES: list[JsonValue] = [
    {"ratings": [{"movie_id": 50, "stars": 5}, {"movie_id": 1, "stars": 3}], "limit": 5},
    {"ratings": [{"movie_id": 50, "stars": 2, "at": "1998-03-07T20:15:00Z"}], "genre": "Comedy", "by": "stars"},
    {"ratings": []},
]


class RecommendationsRequest(PageRequest, Explained):
    """Which movies may be recommended, and in which order."""

    limit: int = Field(5, ge=1, le=1000, description="How many movies at most.")
    at: At = None
    genre: Genre = None
    include_seen: bool = Field(False, description="Whether movies that the person rated may be recommended too.")
    by: Literal["rank", "stars"] = Field(
        "rank",
        description="What to order by: `rank`, what the person is likeliest to watch and like; `stars`, the predicted "
        "stars, which favours movies that few have rated.",
    )

    @model_validator(mode="after")
    def reasons_fit(self) -> "RecommendationsRequest":
        self.check_reasons(self.limit)
        return self


class RecommendRequest(RecommendationsRequest):
    """What a newcomer rated, and what to recommend."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    ratings: GivenRatings
    profile: GivenProfile = None


class Reason(BaseModel):
    """An own rating that spoke for a movie."""

    movie_id: MovieId
    title: Title
    stars: float = Field(description="What the person gave it, in stars.")
    weight: float = Field(
        description="What it added to the order: by `rank` to the `score`, without a unit; by `stars` to the stars."
    )


class Recommendation(Estimate, Movie):
    """A movie with its prediction."""

    score: float = Field(
        description="What it was ordered by, higher is better: by `rank` a score without a unit, to be compared within "
        "one answer; by `stars` the predicted stars."
    )
    reasons: list[Reason] = Field(description="The at most 3 own ratings that spoke most for it, the strongest first.")


class RecommendationList(Page):
    items: list[Recommendation] = Field(description="Best first.")
    note: Note = None
