"""The endpoints of attention."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Response

from services.attention.engine import Engine
from services.attention.schemas import FigureRequest, Maps, MapsRequest, ModelList
from services.attention.settings import Settings
from shared.app import create_app, loaded_engine
from shared.arrays import JSON, NPY, json_bytes, negotiate, npy_bytes
from shared.docs import Accept
from shared.figures import MEDIA
from shared.schemas import PageRequest

EngineDep = Annotated[Engine, Depends(loaded_engine)]
BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}

router = APIRouter(prefix="/attention", tags=["attention"])


@router.get("/models", summary="The models that can be looked into")
def models(asked: Annotated[PageRequest, Query()], engine: EngineDep) -> ModelList:
    return engine.list_models(asked)


@router.post(
    "/maps",
    summary="The attention of every layer and head for a sentence",
    response_class=Response,
    responses={200: {"model": Maps, "content": {NPY: BINARY}, "description": "The maps; as .npy, `weights` alone."}},
)
def maps(asked: MapsRequest, engine: EngineDep, accept: Accept = None) -> Response:
    media = negotiate(accept, [JSON, NPY])
    found = engine.maps(asked)
    content = npy_bytes(found.weights) if media == NPY else json_bytes(found.model_dump())
    return Response(content, media_type=media)


@router.get(
    "/figure",
    summary="The picture of one head",
    response_class=Response,
    responses={200: {"content": dict.fromkeys(MEDIA.values(), BINARY), "description": "The picture."}},
)
def figure(asked: Annotated[FigureRequest, Query()], engine: EngineDep, accept: Accept = None) -> Response:
    kinds = {media: kind for kind, media in MEDIA.items()}
    kind = asked.format or kinds[negotiate(accept, list(kinds))]
    return Response(engine.figure(asked, kind), media_type=MEDIA[kind])


def build(settings: Settings) -> FastAPI:
    return create_app(
        name="attention",
        summary="Who looks at whom inside a transformer: every layer, every head, every number.",
        router=router,
        settings=settings,
        load=lambda: Engine.load(settings),
    )


app = build(Settings())
