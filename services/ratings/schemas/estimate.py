"""Predicted stars, their interval, and the two sums that explain them: by the model's parts, and by own ratings."""

from pydantic import BaseModel, Field

from services.ratings.schemas.common import MOST_REASONS, MovieId, Stars, Title
from shared.schemas import Request


class Explained(Request):
    """Fields of a request whose answer may say why."""

    explain: bool = Field(False, description="Whether `because` says what each of the person's own ratings did.")
    because_limit: int = Field(
        10, ge=1, le=1000, description="How many own ratings `because` names at most; the rest is one sum, `others`."
    )

    def check_reasons(self, count: int) -> None:
        """`count` predictions with their reasons must stay an answer that can be read."""
        if self.explain and count * self.because_limit > MOST_REASONS:
            raise ValueError(
                f"{count:,} predictions with up to {self.because_limit:,} reasons each are more than {MOST_REASONS:,} "
                "reasons: ask for fewer predictions, or lower `because_limit`"
            )


class Parts(BaseModel):
    """What each branch of the model adds; together the predicted stars, within 0.0001."""

    baseline: float = Field(
        description="Mean of all ratings, how generous the person is and how liked the movie, in stars."
    )
    matrix_factorisation: float = Field(description="How the person's tastes meet the movie's, in stars.")
    features: float = Field(description="What genres, year and what is known of the person add, in stars.")
    context: float = Field(description="What the moment and the ratings around it add, in stars.")
    mlp: float = Field(description="What the small network adds, in stars.")
    clip: float = Field(description="What was cut off to stay on the scale, in stars; 0 nearly always.")


class Push(BaseModel):
    """One of the person's own ratings, and what it did to a prediction."""

    movie_id: MovieId
    title: Title
    stars: float = Field(description="What the person gave it, in stars.")
    push: float = Field(description="How far it moved the prediction, up or down, in stars.")


class Because(BaseModel):
    """A prediction as a sum over own ratings: prior + pushes + others + mlp + clip, within 0.0001."""

    prior: float = Field(description="What is told knowing which movies the person rated, but not how, in stars.")
    ratings: list[Push] = Field(description="Own ratings, the strongest push first, up or down.")
    others: float = Field(
        description="What all own ratings that are not listed did together, in stars; and what rounding left over."
    )
    mlp: float = Field(description="What the small network adds, in stars; it sees all ratings at once.")
    clip: float = Field(description="What was cut off to stay on the scale, in stars.")


class Interval(BaseModel):
    """Predicted stars and how sure they are."""

    stars: Stars
    low: float = Field(description="Lower end of the 90 % interval, in stars: nine of ten true ratings lie inside.")
    high: float = Field(description="Upper end of the 90 % interval, in stars.")


class Estimate(Interval):
    """Predicted stars, their interval, and why."""

    parts: Parts
    because: Because | None = Field(None, description="Why, by own ratings; null unless `explain` asks for it.")
