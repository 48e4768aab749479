"""Movies: found by title and genre, one by one, and by their likeness."""

from pydantic import BaseModel, Field

from services.ratings.schemas.common import Genre, MovieId, Title
from shared.schemas import Page, PageRequest


class MoviesRequest(PageRequest):
    """Which movies."""

    query: str = Field(
        "", max_length=200, description="Part of the title; case and accents do not matter.", examples=["star"]
    )
    genre: Genre = None


class SimilarRequest(PageRequest):
    """How many neighbours."""

    limit: int = Field(10, ge=1, le=1000, description="How many movies at most.")


class Movie(BaseModel):
    """A movie, and how it is rated."""

    movie_id: MovieId
    title: Title
    year: int | None = Field(description="Year of release; null when the title has none.")
    genres: list[str] = Field(description="Its genres; empty when none are known.")
    count: int = Field(description="How many rated it.")
    mean: float | None = Field(description="Mean of its ratings, in stars; null without ratings.")


class MovieList(Page):
    items: list[Movie] = Field(description="Most rated first.")


class SimilarMovie(Movie):
    """A movie, and how near it is to another."""

    similarity: float = Field(
        ge=-1,
        le=1,
        description="Cosine of the two movies in the learned space, -1 to 1: liked by the same people at 1.",
    )


class SimilarList(Page):
    items: list[SimilarMovie] = Field(description="Most similar first; the movie itself is not among them.")
