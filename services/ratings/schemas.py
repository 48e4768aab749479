"""The words of ratings on the wire. Ids are the data set's own; times are ISO 8601, UTC where no zone is given."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from shared.schemas import Page, PageRequest, Request

LARGEST_ID = 2**53
DATE = re.compile(r"\d{4}-\d\d-\d\d")


def written_date(value: Any) -> Any:
    """Pydantic would take a bare number for seconds, or for milliseconds when it is large; we take no guesses."""
    if isinstance(value, str) and not DATE.match(value):
        raise ValueError("a time is written as in ISO 8601, such as 1998-03-07T20:15:00Z")
    if isinstance(value, int | float):
        raise ValueError("a time is text as in ISO 8601, such as 1998-03-07T20:15:00Z, not a number")
    return value


UserId = Annotated[int, Field(ge=0, le=LARGEST_ID, description="A user of the data set; /ratings/users lists them.")]
MovieId = Annotated[int, Field(ge=0, le=LARGEST_ID, description="A movie of the data set; /ratings/movies finds them.")]
At = Annotated[
    datetime | None,
    BeforeValidator(written_date),
    Field(
        description="When: ISO 8601; UTC where no zone is given. Day (6 to 20 h UTC) and weekend change the "
        "prediction a little; left out, the moment is unknown and the context adds nothing.",
        examples=["1998-03-07T20:15:00Z"],
    ),
]
Stars = Annotated[float, Field(description="Stars, on the scale of the data (MovieLens 100K: 1 to 5).")]
Genre = Annotated[
    str | None,
    Field(max_length=100, description="Only movies of this genre; upper or lower case.", examples=["Comedy"]),
]


class Pair(Request):
    """Who and which movie, perhaps when."""

    user_id: UserId
    movie_id: MovieId
    at: At = None


class PredictRequest(Request):
    """The pairs to predict."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"pairs": [{"user_id": 1, "movie_id": 1}, {"user_id": 1, "movie_id": 2, "at": "1998-03-07T20:15:00Z"}]}
            ]
        }
    )

    pairs: list[Pair] = Field(
        min_length=1, max_length=100_000, description="At least one; at most RATINGS_MAX_PAIRS (10,000)."
    )


class MoviesRequest(PageRequest):
    query: str = Field(
        "", max_length=200, description="Part of the title; case and accents do not matter.", examples=["star"]
    )
    genre: Genre = None


class RecommendationsRequest(PageRequest):
    limit: int = Field(5, ge=1, le=1000, description="How many movies at most.")
    at: At = None
    genre: Genre = None
    include_seen: bool = Field(False, description="Whether movies that the user rated may be recommended too.")
    by: Literal["rank", "stars"] = Field(
        "rank",
        description="What to order by: `rank`, now the lower end of the interval, which asks for good and certain; "
        "`stars`, the prediction alone, which favours rarely rated movies.",
    )


class Parts(BaseModel):
    """What each branch of the network adds; together exactly the predicted stars."""

    baseline: float = Field(
        description="Mean of all ratings, how generous the user is and how liked the movie, in stars."
    )
    matrix_factorisation: float = Field(description="How the user's 50 tastes meet the movie's, in stars.")
    features: float = Field(description="How the user likes the movie's genres and age, in stars.")
    context: float = Field(description="Day or night, weekday or weekend, in stars; 0 when no time is given.")
    mlp: float = Field(description="What the small network over user and movie adds, in stars.")
    clip: float = Field(description="What was cut off to stay on the scale, in stars; 0 nearly always.")


class Estimate(BaseModel):
    """Predicted stars with their interval and parts."""

    stars: Stars
    low: float = Field(description="Lower end of the 90 % interval, in stars: nine of ten true ratings lie inside.")
    high: float = Field(description="Upper end of the 90 % interval, in stars.")
    parts: Parts


class Who(BaseModel):
    user_id: UserId
    movie_id: MovieId


class Prediction(Estimate, Who):
    """An estimate for a pair."""


class Predictions(BaseModel):
    predictions: list[Prediction] = Field(description="In the order of the pairs.")


class Movie(BaseModel):
    """A movie, and how it is rated."""

    movie_id: MovieId
    title: str = Field(description="The title, without the year, its article in front.")
    year: int | None = Field(description="Year of release; null when the title has none.")
    genres: list[str] = Field(description="Its genres; empty when none are known.")
    count: int = Field(description="How many rated it.")
    mean: float | None = Field(description="Mean of its ratings, in stars; null without ratings.")


class MovieList(Page):
    items: list[Movie] = Field(description="Most rated first.")


class User(BaseModel):
    """A user, in numbers."""

    user_id: UserId
    count: int = Field(description="How many movies the user rated.")
    mean: float | None = Field(description="Mean of the user's ratings, in stars; null without ratings.")


class UserList(Page):
    items: list[User] = Field(description="By id.")


class Share(BaseModel):
    """Some of a user's ratings, in numbers."""

    name: str = Field(description="Which: a genre, or day, night, weekday, weekend.")
    count: int = Field(description="How many ratings.")
    mean: float | None = Field(description="Their mean, in stars; null when there are none.")


class Profile(BaseModel):
    genres: list[Share] = Field(description="By genre, most rated first; a movie counts for each of its genres.")
    daytime: list[Share] = Field(description="Day (6 to 20 h UTC) and night.")
    week: list[Share] = Field(description="Weekday and weekend (UTC).")


class Rating(BaseModel):
    """What a user once gave a movie."""

    movie_id: MovieId
    title: str = Field(description="The movie's title.")
    stars: Stars
    at: datetime = Field(description="When, UTC.")


class RatingList(Page):
    items: list[Rating] = Field(description="Newest first.")


class UserDetails(User):
    profile: Profile = Field(description="What the user rates, and when.")
    ratings: RatingList = Field(description="What the user rated; page through it with limit and offset.")


class Recommendation(Estimate, Movie):
    """A movie with its prediction."""

    score: float = Field(description="What it was ranked by, in stars.")


class RecommendationList(Page):
    items: list[Recommendation] = Field(description="Best first.")
