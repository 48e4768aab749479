"""The endpoints of ratings."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Response

from services.ratings.engine import Engine
from services.ratings.schemas.common import LARGEST_ID
from services.ratings.schemas.evaluation import Evaluation, EvaluationRequest, UserEvaluation
from services.ratings.schemas.figure import FigureRequest, Kind, Name
from services.ratings.schemas.movies import Movie, MovieList, MoviesRequest, SimilarList, SimilarRequest
from services.ratings.schemas.next import NextList, NextRequest
from services.ratings.schemas.predict import Predictions, PredictRequest
from services.ratings.schemas.ratings import AddRequest, Saved
from services.ratings.schemas.recommend import RecommendationList, RecommendationsRequest, RecommendRequest
from services.ratings.schemas.users import UserDetails, UserList
from services.ratings.settings import Settings
from shared.app import create_app, loaded_engine
from shared.arrays import negotiate
from shared.docs import Accept
from shared.figures import MEDIA
from shared.schemas import PageRequest

EngineDep = Annotated[Engine, Depends(loaded_engine)]
USER = "A user; /ratings/users lists them."
MOVIE = "A movie of the data set; /ratings/movies finds them."
UserInPath = Annotated[int, Path(ge=0, le=LARGEST_ID, description=USER)]
MovieInPath = Annotated[int, Path(ge=0, le=LARGEST_ID, description=MOVIE)]
# To try it out: what the example of POST has added.
UserInQuery = Annotated[int, Query(ge=0, le=LARGEST_ID, description=USER, examples=[100_000])]
MovieInQuery = Annotated[int, Query(ge=0, le=LARGEST_ID, description=MOVIE, examples=[50])]
FigureInPath = Annotated[Name, Path(description="Which picture.")]

NEW: dict[int | str, Any] = {201: {"model": Saved, "description": "The user had not rated the movie before."}}
BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
PICTURES: dict[int | str, Any] = {
    200: {"content": dict.fromkeys(MEDIA.values(), BINARY), "description": "The picture."}
}

router = APIRouter(prefix="/ratings", tags=["ratings"])


@router.post("/predict", summary="Predicted stars for pairs of user and movie: interval, parts, and why")
def predict(asked: PredictRequest, engine: EngineDep) -> Predictions:
    return engine.predict(asked)


@router.get("/movies", summary="Movies by title and genre")
def movies(asked: Annotated[MoviesRequest, Query()], engine: EngineDep) -> MovieList:
    return engine.movies(asked)


@router.get("/movies/{movie_id}", summary="One movie")
def movie(movie_id: MovieInPath, engine: EngineDep) -> Movie:
    return engine.movie(movie_id)


@router.get("/movies/{movie_id}/similar", summary="Movies that the same people like")
def similar(movie_id: MovieInPath, asked: Annotated[SimilarRequest, Query()], engine: EngineDep) -> SimilarList:
    return engine.similar(movie_id, asked)


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


@router.get("/users/{user_id}/evaluation", summary="A user's true top k beside the predicted one, and beside chance")
def evaluation_of_user(
    user_id: UserInPath, asked: Annotated[EvaluationRequest, Query()], engine: EngineDep
) -> UserEvaluation:
    return engine.evaluation_of(user_id, asked.k)


@router.post("/recommend", summary="Movies for somebody without an id, from a few ratings")
def recommend(asked: RecommendRequest, engine: EngineDep) -> RecommendationList:
    return engine.recommend_newcomer(asked)


@router.post("/next", summary="The movies whose rating would teach most about somebody")
def next_movies(asked: NextRequest, engine: EngineDep) -> NextList:
    return engine.next(asked)


@router.post("/ratings", summary="Add a rating, or replace one; the next prediction knows it", responses=NEW)
def add(asked: AddRequest, engine: EngineDep, response: Response) -> Saved:
    saved = engine.add(asked)
    response.status_code = 201 if saved.before is None else 200
    return saved


@router.delete("/ratings", summary="Take a rating back; the next prediction has forgotten it")
def take_back(user_id: UserInQuery, movie_id: MovieInQuery, engine: EngineDep) -> Saved:
    return engine.take_back(user_id, movie_id)


@router.get("/evaluation", summary="How good the predictions are, by every protocol, beside the baselines")
def evaluation(engine: EngineDep) -> Evaluation:
    return engine.evaluation()


@router.get(
    "/figures/{name}", summary="A picture of the data or of the model", response_class=Response, responses=PICTURES
)
def figure(
    name: FigureInPath, asked: Annotated[FigureRequest, Query()], engine: EngineDep, accept: Accept = None
) -> Response:
    kind = kind_of(asked, accept)
    return Response(engine.figure(name, kind), media_type=MEDIA[kind])


def kind_of(asked: FigureRequest, accept: str | None) -> Kind:
    kinds = {media: kind for kind, media in MEDIA.items()}
    return asked.format or kinds[negotiate(accept, list(kinds))]


def build(settings: Settings) -> FastAPI:
    return create_app(
        name="ratings",
        summary="What will this user think of that movie: predicted stars, part by part, with an honest interval.",
        router=router,
        settings=settings,
        load=lambda: Engine.load(settings),
    )


app = build(Settings())
