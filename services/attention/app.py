"""The endpoints of attention."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from services.attention.engine import Engine, PositionsForm, ViewForm
from services.attention.figures.draw import MEDIA
from services.attention.forms import Form
from services.attention.schemas.common import ModelList
from services.attention.schemas.compare import CompareRequest, Comparison
from services.attention.schemas.figure import DrawingRequest, FigureRequest, Kind
from services.attention.schemas.heads import Heads, HeadsRequest
from services.attention.schemas.maps import Maps, MapsRequest
from services.attention.schemas.measures import Measures, MeasuresRequest
from services.attention.schemas.pair import Pair, PairRequest
from services.attention.schemas.positions import Positions, PositionsRequest
from services.attention.schemas.trace import Trace, TraceRequest
from services.attention.schemas.views import View, ViewsRequest
from services.attention.schemas.words import Words, WordsRequest
from services.attention.settings import Settings
from services.attention.views.views import asked_by_form
from shared.app import create_app, loaded_engine
from shared.arrays import JSON, NPY, NPZ, negotiate
from shared.bodies import read_form, read_json
from shared.docs import Accept
from shared.figures import MEDIA as PICTURES
from shared.schemas import PageRequest

EngineDep = Annotated[Engine, Depends(loaded_engine)]
BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
# How attention can be had; the first is sent to whoever does not mind.
FORMS: dict[str, Form] = {
    JSON: "json",
    NPY: "npy",
    f"{NPY};dtype=uint8": "uint8",
    f"{NPY};dtype=uint16": "uint16",
    f"{NPY};of=qk": "qk",
    NPZ: "npz",
}
FORMS_IN_WORDS = """The maps. X-Max-Error says how far a weight can be from the model's. As .npy the weights alone:
float32; dtype=uint8 and dtype=uint16 are weights times 255 and 65535; of=qk is Q and K, (2, layers, heads, tokens, d_k)
float16, of which the weights are softmax(Q K^T / sqrt(d_k)). As .npz everything: weights and thumbnails as uint8,
the statistics, and the rest in maps.json."""

TRACE_IN_WORDS = "The steps with their values. As .npz a member a step, and the rest in trace.json."
POSITIONS: dict[str, PositionsForm] = {JSON: "json", NPY: "npy", **{media: kind for kind, media in PICTURES.items()}}
VIEWS: dict[str, ViewForm] = {JSON: "json", NPY: "npy", **{media: kind for kind, media in MEDIA.items()}}

# A form's fields are text; the docs fill them with these.
FIELDS = {
    name: {
        "type": "string",
        "example": example,
        "description": f"As JSON. {ViewsRequest.model_fields[name].description}",
    }
    for name, example in {
        "tokens": '["the", "train"]',
        "key_tokens": "null",
        "scale": "null",
        "causal": "false",
        "mask": "null",
    }.items()
}
FILE = {
    "type": "string",
    "format": "binary",
    "contentMediaType": NPY,
    "description": "An .npy with the weights, or an .npz with weights, or with query and key.",
}
VIEWS_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "JSON, or a form with a file of numpy's.",
        "content": {
            JSON: {"schema": ViewsRequest.model_json_schema()},
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["file", "tokens"], "properties": {"file": FILE, **FIELDS}},
                "example": {"tokens": '["the", "train"]'},
            },
        },
    }
}


async def own_attention(request: Request) -> ViewsRequest:
    form = await read_form(request)
    if form is None:
        return await read_json(request, ViewsRequest)
    return await run_in_threadpool(asked_by_form, form.file, form.fields)


def answers(model: type[BaseModel], forms: Iterable[str], description: str) -> dict[int | str, Any]:
    """JSON as `model` first, which is what the docs ask for; then the other forms."""
    content = {JSON: {}, **{media: BINARY for media in forms if media != JSON}}
    return {200: {"model": model, "description": description, "content": content}}


router = APIRouter(prefix="/attention", tags=["attention"])


@router.get("/models", summary="The models that can be looked into")
def models(asked: Annotated[PageRequest, Query()], engine: EngineDep) -> ModelList:
    return engine.list_models(asked)


@router.post(
    "/maps",
    summary="The attention of every layer and head for a sentence",
    response_class=Response,
    responses=answers(Maps, FORMS, FORMS_IN_WORDS),
)
def maps(asked: MapsRequest, engine: EngineDep, accept: Accept = None) -> Response:
    media = negotiate(accept, [*FORMS])
    sent = engine.maps(asked, FORMS[media])
    return Response(sent.content, media_type=media, headers={"X-Max-Error": str(sent.max_error)})


@router.get(
    "/figure",
    summary="The picture of one head, or of all",
    response_class=Response,
    responses={200: {"content": dict.fromkeys(MEDIA.values(), BINARY), "description": "The picture."}},
)
def figure(asked: Annotated[FigureRequest, Query()], engine: EngineDep, accept: Accept = None) -> Response:
    kind = kind_of(asked, accept)
    return Response(engine.figure(asked, kind), media_type=MEDIA[kind])


@router.post(
    "/trace",
    summary="Every number of one layer, step by step, beside the newsletter's figures",
    response_class=Response,
    responses=answers(Trace, [JSON, NPZ], TRACE_IN_WORDS),
)
def trace(asked: TraceRequest, engine: EngineDep, accept: Accept = None) -> Response:
    media = negotiate(accept, [JSON, NPZ])
    return Response(engine.trace(asked, "npz" if media == NPZ else "json"), media_type=media)


@router.post(
    "/measures",
    summary="How much each token and head counts, by six measures, and how far they can be believed",
    response_class=Response,
    responses={200: {"model": Measures}},
)
def measures(asked: MeasuresRequest, engine: EngineDep) -> Response:
    return Response(engine.measures(asked), media_type=JSON)


@router.post(
    "/pair",
    summary="Why two sentences are similar: their cosine, token by token",
    response_class=Response,
    responses={200: {"model": Pair}},
)
def pair(asked: PairRequest, engine: EngineDep) -> Response:
    return Response(engine.pair(asked), media_type=JSON)


@router.post(
    "/compare",
    summary="What attention has different in two sentences, or in two models",
    response_class=Response,
    responses={200: {"model": Comparison}},
)
def compare(asked: CompareRequest, engine: EngineDep) -> Response:
    return Response(engine.compare(asked), media_type=JSON)


@router.post("/heads", summary="Which heads link two words, and what each head does")
def heads(asked: HeadsRequest, engine: EngineDep) -> Heads:
    return engine.heads(asked)


@router.post(
    "/words",
    summary="How alike words are, by themselves and in their sentences",
    response_class=Response,
    responses={200: {"model": Words}},
)
def words(asked: WordsRequest, engine: EngineDep) -> Response:
    return Response(engine.words(asked), media_type=JSON)


@router.get(
    "/positions",
    summary="The vectors that tell a model where a token stands",
    response_class=Response,
    responses=answers(Positions, POSITIONS, "The table."),
)
def positions(asked: Annotated[PositionsRequest, Query()], engine: EngineDep, accept: Accept = None) -> Response:
    media = negotiate(accept, [*POSITIONS])
    return Response(engine.positions_as(asked, POSITIONS[media]), media_type=media)


@router.post(
    "/views",
    summary="Your own attention, from any framework: statistics and figures",
    response_class=Response,
    responses=answers(View, VIEWS, "The statistics, the weights or the picture."),
    openapi_extra=VIEWS_BODY,
)
def views(
    asked: Annotated[ViewsRequest, Depends(own_attention)],
    drawing: Annotated[DrawingRequest, Query()],
    engine: EngineDep,
    accept: Accept = None,
) -> Response:
    """A picture when `format` or the Accept header asks for one; `view`, `layer`, `head` and `language` say which."""
    media = MEDIA[drawing.format] if drawing.format else negotiate(accept, [*VIEWS])
    return Response(engine.view(asked, drawing, VIEWS[media]), media_type=media)


def kind_of(asked: DrawingRequest, accept: str | None) -> Kind:
    kinds = {media: kind for kind, media in MEDIA.items()}
    return asked.format or kinds[negotiate(accept, list(kinds))]


def build(settings: Settings) -> FastAPI:
    return create_app(
        name="attention",
        summary="Who looks at whom inside a transformer: every layer, every head, every number.",
        router=router,
        settings=settings,
        load=lambda: Engine.load(settings),
    )


app = build(Settings())
