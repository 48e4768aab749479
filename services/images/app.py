"""The endpoints of images."""

import mimetypes
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response

from services.images.engine import Engine
from services.images.schemas import EXAMPLE_ID, Anchor, AnchorPage, AnchorsRequest, Matches
from services.images.settings import Settings
from shared.app import create_app, loaded_engine
from shared.arrays import JSON, negotiate
from shared.bodies import read_form
from shared.docs import Accept
from shared.problems import Unprocessable

PNG = "image/png"
# An anchor is named by what is in it: whoever has it once need not ask again.
CACHE = "private, max-age=86400, immutable"

IfNoneMatch = Annotated[str | None, Header(include_in_schema=False)]

router = APIRouter(prefix="/images", tags=["images"])

EngineDep = Annotated[Engine, Depends(loaded_engine)]
AnchorId = Annotated[str, Path(description="Of an anchor: see /images/anchors.", examples=[EXAMPLE_ID])]
K = Annotated[int, Query(description="How many anchors, from 1 to as many as are indexed.", examples=[5])]

BINARY: dict[str, Any] = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
FORM = {"type": "object", "required": ["file"], "properties": {"file": BINARY | {"description": "A picture."}}}
PICTURE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "PNG, JPEG, WebP, GIF (its first frame) or BMP: as a form's field `file` or as the body itself.",
        "content": {
            "multipart/form-data": {"schema": FORM},
            "image/*": {"schema": BINARY},
            "application/octet-stream": {"schema": BINARY},
        },
    }
}


def picture_in_docs(media: str) -> dict[int | str, dict[str, Any]]:
    return {
        200: {"description": "The picture.", "content": {media: {"schema": BINARY}}},
        304: {"description": "You have it already: its ETag is the one in If-None-Match."},
    }


async def picture_bytes(request: Request) -> bytes:
    """The picture of a request: the form's field `file`, or the body whatever it is called; decoding finds out."""
    form = await read_form(request)
    if form is None:
        return await request.body()
    if form.fields:
        raise Unprocessable(f"the form may have the one field `file` only, not {', '.join(form.fields)}")
    return form.file


PictureBytes = Annotated[bytes, Depends(picture_bytes)]


@router.post(
    "/search",
    summary="The anchors that look most like a picture",
    response_model=Matches,
    openapi_extra=PICTURE_BODY,
    responses={200: {"description": "The matches, or their contact sheet.", "content": {PNG: {"schema": BINARY}}}},
)
def search(engine: EngineDep, picture: PictureBytes, k: K = 5, accept: Accept = None) -> Matches | Response:
    """Accept `application/json` for the matches, `image/png` for a contact sheet: the query and its matches."""
    if negotiate(accept, [JSON, PNG]) == PNG:
        return Response(engine.sheet(picture, k), media_type=PNG)
    return engine.search(picture, k)


@router.get("/anchors", summary="The pictures of the index")
def anchors(asked: Annotated[AnchorsRequest, Query()], engine: EngineDep) -> AnchorPage:
    return engine.anchors(asked)


@router.get("/anchors/{anchor_id}", summary="One picture of the index")
def anchor(engine: EngineDep, anchor_id: AnchorId) -> Anchor:
    return engine.anchor(anchor_id)


@router.get("/anchors/{anchor_id}/similar", summary="The anchors most similar to one of them, itself first")
def similar(engine: EngineDep, anchor_id: AnchorId, k: K = 5) -> Matches:
    return engine.similar(anchor_id, k)


@router.get(
    "/anchors/{anchor_id}/file",
    summary="The file of a picture, as it was indexed",
    response_class=Response,
    responses=picture_in_docs("image/*"),
)
def file(engine: EngineDep, anchor_id: AnchorId, if_none_match: IfNoneMatch = None) -> Response:
    path = engine.path(anchor_id)
    media = mimetypes.guess_type(path)[0]
    return picture_response(path.read_bytes, media, f'"{anchor_id}"', if_none_match)


@router.get(
    "/anchors/{anchor_id}/thumbnail",
    summary="A picture as a PNG of at most 96 x 96",
    response_class=Response,
    responses=picture_in_docs(PNG),
)
def thumbnail(engine: EngineDep, anchor_id: AnchorId, if_none_match: IfNoneMatch = None) -> Response:
    engine.row(anchor_id)
    return picture_response(lambda: engine.thumbnail(anchor_id), PNG, f'"{anchor_id}-96"', if_none_match)


def picture_response(make: Callable[[], bytes], media: str | None, etag: str, if_none_match: str | None) -> Response:
    """The picture, or 304 without it when the client has it already (RFC 9110, 13.1.2)."""
    headers = {"ETag": etag, "Cache-Control": CACHE}
    if if_none_match and (if_none_match.strip() == "*" or etag in if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(make(), media_type=media, headers=headers)


def build(settings: Settings) -> FastAPI:
    return create_app(
        name="images",
        summary="Finds the pictures that look most like yours.",
        router=router,
        settings=settings,
        load=lambda: Engine.load(settings),
    )


app = build(Settings())
