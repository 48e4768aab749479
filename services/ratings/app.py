"""The endpoints of ratings."""

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Path, Query

from services.ratings.engine import Engine
from services.ratings.schemas import (
    LARGEST_ID,
    Movie,
    MovieList,
    MoviesRequest,
    Predictions,
    PredictRequest,
    RecommendationList,
    RecommendationsRequest,
    UserDetails,
    UserList,
)
from services.ratings.settings import Settings
from shared.app import create_app, loaded_engine
from shared.schemas import PageRequest

EngineDep = Annotated[Engine, Depends(loaded_engine)]
UserInPath = Annotated[int, Path(ge=0, le=LARGEST_ID, description="A user of the data set; /ratings/users lists them.")]
MovieInPath = Annotated[
    int, Path(ge=0, le=LARGEST_ID, description="A movie of the data set; /ratings/movies finds them.")
]

router = APIRouter(prefix="/ratings", tags=["ratings"])


@router.post("/predict", summary="Predicted stars for pairs of user and movie, with interval and parts")
def predict(asked: PredictRequest, engine: EngineDep) -> Predictions:
    return engine.predict(asked)


@router.get("/movies", summary="Movies by title and genre")
def movies(asked: Annotated[MoviesRequest, Query()], engine: EngineDep) -> MovieList:
    return engine.movies(asked)


@router.get("/movies/{movie_id}", summary="One movie")
def movie(movie_id: MovieInPath, engine: EngineDep) -> Movie:
    return engine.movie(movie_id)


@router.get("/users", summary="The users whose ratings the model knows")
def users(asked: Annotated[PageRequest, Query()], engine: EngineDep) -> UserList:
    return engine.users(asked)


@router.get("/users/{user_id}", summary="What a user rated, when, and the user's profile")
def user(user_id: UserInPath, asked: Annotated[PageRequest, Query()], engine: EngineDep) -> UserDetails:
    return engine.user(user_id, asked)


@router.get("/users/{user_id}/recommendations", summary="Movies for a user, best first")
def recommendations(
    user_id: UserInPath, asked: Annotated[RecommendationsRequest, Query()], engine: EngineDep
) -> RecommendationList:
    return engine.recommend(user_id, asked)


def build(settings: Settings) -> FastAPI:
    return create_app(
        name="ratings",
        summary="What will this user think of that movie: predicted stars, part by part, with an honest interval.",
        router=router,
        settings=settings,
        load=lambda: Engine.load(settings),
    )


app = build(Settings())
