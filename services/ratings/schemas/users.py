"""Users in numbers: what they rated, when, and what they like."""

from datetime import datetime

from pydantic import BaseModel, Field

from services.ratings.schemas.common import MovieId, Stars, Title, UserId
from shared.schemas import Page


class User(BaseModel):
    """A user, in numbers."""

    user_id: UserId
    count: int = Field(description="How many movies the user rated.")
    mean: float | None = Field(description="Mean of the user's ratings, in stars; null without ratings.")
    added: int = Field(ge=0, description="How many of these ratings came through POST /ratings/ratings.")


class UserList(Page):
    items: list[User] = Field(description="By id.")


class Share(BaseModel):
    """Some of a user's ratings, in numbers."""

    name: str = Field(description="Which: a genre, or day, night, weekday, weekend.")
    count: int = Field(description="How many ratings.")
    mean: float | None = Field(description="Their mean, in stars; null when there are none.")


class Profile(BaseModel):
    """What a user rates, and when; a rating whose moment is unknown is in no daytime and no week."""

    genres: list[Share] = Field(description="By genre, most rated first; a movie counts for each of its genres.")
    daytime: list[Share] = Field(description="Day (6 to 20 h UTC) and night.")
    week: list[Share] = Field(description="Weekday and weekend (UTC).")


class Rating(BaseModel):
    """What a user once gave a movie."""

    movie_id: MovieId
    title: Title
    stars: Stars
    at: datetime | None = Field(description="When, UTC; null when it is unknown.")


class RatingList(Page):
    items: list[Rating] = Field(description="Newest first; those of an unknown moment last.")


class UserDetails(User):
    """A user, in full."""

    profile: Profile = Field(description="What the user rates, and when.")
    ratings: RatingList = Field(description="What the user rated; page through it with limit and offset.")
