"""What several answers of ratings have in common. Ids are the data set's own; times are ISO 8601, UTC."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

LARGEST_ID = 2**53
MOST_REASONS = 100_000
DATE = re.compile(r"\d{4}-\d\d-\d\d")


def written_date(value: Any) -> Any:
    """Pydantic would take a bare number for seconds, or for milliseconds when it is large; we take no guesses."""
    if isinstance(value, str) and not DATE.match(value):
        raise ValueError("a time is written as in ISO 8601, such as 1998-03-07T20:15:00Z")
    if isinstance(value, int | float):
        raise ValueError("a time is text as in ISO 8601, such as 1998-03-07T20:15:00Z, not a number")
    return value


def not_in_the_future(at: datetime | None) -> datetime | None:
    """A time without a zone is UTC. A day ahead is still taken: clocks and zones differ."""
    if at is None:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if at.timestamp() < 1:
        raise ValueError("this lies before 1970: times are counted from there")
    now = datetime.now(UTC)
    if at > now + timedelta(days=1):
        raise ValueError(f"this lies in the future: it is {now:%Y-%m-%dT%H:%M:%SZ} now, and a day ahead is the most")
    return at


# Strict: true is not user 1, and "4" is no rating.
Id = Annotated[int, Field(strict=True, ge=0, le=LARGEST_ID)]
UserId = Annotated[Id, Field(description="A user; /ratings/users lists them.", examples=[1])]
MovieId = Annotated[Id, Field(description="A movie of the data set; /ratings/movies finds them.", examples=[1])]
Title = Annotated[str, Field(description="The title, without the year, its article in front.", examples=["Toy Story"])]
Stars = Annotated[float, Field(description="Stars, on the scale of the data (MovieLens 100K: 1 to 5).")]
GivenStars = Annotated[
    float,
    Field(
        strict=True,
        allow_inf_nan=False,
        description="Stars, on the scale of the data (MovieLens 100K: 1 to 5); what is off it is refused.",
        examples=[4],
    ),
]
Moment = Annotated[datetime | None, BeforeValidator(written_date), AfterValidator(not_in_the_future)]
At = Annotated[
    Moment,
    Field(
        description="When the movie is to be rated: ISO 8601, UTC where no zone is given, at most a day ahead. Left "
        "out, the moment is unknown and nothing is made of it.",
        examples=["1998-03-07T20:15:00Z"],
    ),
]
RatedAt = Annotated[
    Moment,
    Field(
        description="When the movie was rated: ISO 8601, UTC where no zone is given, at most a day ahead. Left out, "
        "the moment is unknown; it is not taken for now.",
        examples=["1998-03-07T20:15:00Z"],
    ),
]
Genre = Annotated[
    str | None,
    Field(max_length=100, description="Only movies of this genre; upper or lower case.", examples=["Comedy"]),
]
Note = Annotated[str | None, Field(description="What must be known beside the answer; null when there is nothing.")]
