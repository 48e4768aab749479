"""Pairs of user and movie, and what the one would give the other."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from services.ratings.schemas.common import At, MovieId, Note, UserId
from services.ratings.schemas.estimate import Estimate, Explained
from services.ratings.schemas.newcomer import Newcomer
from shared.schemas import Request

EXAMPLES: list[JsonValue] = [
    {"pairs": [{"user_id": 1, "movie_id": 1}, {"user_id": 1, "movie_id": 2, "at": "1998-03-07T20:15:00Z"}]},
    {"pairs": [{"user_id": 1, "movie_id": 1}], "explain": True, "because_limit": 3},
    {"pairs": [{"movie_id": 1}, {"movie_id": 2}], "ratings": [{"movie_id": 50, "stars": 5}]},
]


class Pair(Request):
    """Who and which movie, perhaps when."""

    user_id: UserId | None = Field(
        None, description="A user; /ratings/users lists them. Left out, the person of `ratings`.", examples=[1]
    )
    movie_id: MovieId
    at: At = None


class PredictRequest(Explained, Newcomer):
    """The pairs to predict; those without a user are about the person of `ratings`."""

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLES})

    pairs: list[Pair] = Field(
        min_length=1, max_length=100_000, description="At least one; at most RATINGS_MAX_PAIRS (10,000)."
    )

    @model_validator(mode="after")
    def everybody_is_somebody(self) -> "PredictRequest":
        nobody = next((place for place, pair in enumerate(self.pairs) if pair.user_id is None), None)
        if nobody is not None and self.ratings is None:
            raise ValueError(f"pairs.{nobody} has no user_id: name one, or send the person's `ratings`")
        if nobody is None and self.ratings is not None:
            raise ValueError("`ratings` are for pairs without a user_id, and every pair has one: drop the one or other")
        return self

    @model_validator(mode="after")
    def reasons_fit(self) -> "PredictRequest":
        self.check_reasons(len(self.pairs))
        return self


class Prediction(Estimate):
    """An estimate for a pair."""

    user_id: UserId | None = Field(description="The user of the pair; null for the person of `ratings`.")
    movie_id: MovieId


class Predictions(BaseModel):
    predictions: list[Prediction] = Field(description="In the order of the pairs.")
    note: Note = None
