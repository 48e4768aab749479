"""The endpoints of images."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response

from services.images.engine import Engine
from services.images.schemas.anchors import (
    EXAMPLE_ID,
    AddedList,
    AddRequest,
    Anchor,
    AnchorPage,
    AnchorsRequest,
    Removed,
    RenameRequest,
)
from services.images.schemas.groups import Duplicates, DuplicatesRequest, MapPage, MapRequest
from services.images.schemas.matches import (
    Compared,
    Embedded,
    EmbedRequest,
    Matches,
    SearchRequest,
    SimilarRequest,
    TextRequest,
)
from services.images.settings import Settings
from shared.app import create_app, loaded_engine
from shared.arrays import JSON, NPY, negotiate
from shared.bodies import Upload, read_uploads
from shared.docs import Accept
from shared.problems import Unprocessable, UnsupportedMedia

PNG = "image/png"
# An anchor is named by what is in it: whoever has it once need not ask again.
CACHE = "private, max-age=86400, immutable"

IfNoneMatch = Annotated[str | None, Header(include_in_schema=False)]

router = APIRouter(prefix="/images", tags=["images"])

EngineDep = Annotated[Engine, Depends(loaded_engine)]
AnchorId = Annotated[
    str, Path(min_length=1, max_length=64, description="Of an anchor: see /images/anchors.", examples=[EXAMPLE_ID])
]

# To try it out: one that the other examples do not ask for.
AnchorToRemove = Annotated[
    str,
    Path(min_length=1, max_length=64, description="Of an anchor: see /images/anchors.", examples=["2b22d493fe5a7795"]),
]

BINARY: dict[str, Any] = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
TWO_PICTURES = "send a form (multipart/form-data) with two pictures, one in the field `a`, one in `b`"
KINDS = "PNG, JPEG, WebP, GIF (its first frame) or BMP"


def form_of(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"schema": {"type": "object", "required": list(fields), "properties": fields}}


def body_in_docs(description: str, form: dict[str, Any], raw: bool = True) -> dict[str, Any]:
    kinds = ("image/*", "application/octet-stream") if raw else ()
    content = {"multipart/form-data": form, **{kind: {"schema": BINARY} for kind in kinds}}
    return {"requestBody": {"required": True, "description": description, "content": content}}


PICTURE = BINARY | {"description": "A picture."}
PICTURE_BODY = body_in_docs(f"{KINDS}: as a form's field `file` or as the body itself.", form_of(file=PICTURE))
PICTURES = {"type": "array", "items": BINARY, "minItems": 1, "description": "One picture or many."}
PICTURES_BODY = body_in_docs(
    f"{KINDS}: a form's field `file`, once for each; or one as the body.", form_of(file=PICTURES)
)
QUERIES_BODY = body_in_docs(f"{KINDS}: a form's field `file`, once for each query.", form_of(file=PICTURES), raw=False)
PAIR_BODY = body_in_docs(f"Two pictures: {KINDS}.", form_of(a=PICTURE, b=PICTURE), raw=False)


def also(*media: str, description: str = "The answer.") -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": {kind: {"schema": BINARY} for kind in media}}}


def picture_in_docs(media: str) -> dict[int | str, dict[str, Any]]:
    return also(media, description="The picture.") | {
        304: {"description": "You have it already: its ETag is the one in If-None-Match."},
    }


async def uploads(request: Request) -> list[Upload]:
    """The pictures of a request: the form's fields `file`, or the body whatever it is called; decoding finds out."""
    sent = await read_uploads(request, "file")
    if sent is None:
        return [Upload("file", "", await request.body())]
    return sent


async def one_upload(request: Request) -> bytes:
    sent = await uploads(request)
    if len(sent) > 1:
        raise Unprocessable(
            f"the form has {len(sent)} files; one is searched with at a time (/images/sheet takes many)"
        )
    return sent[0].content


async def pair_of_uploads(request: Request) -> tuple[bytes, bytes]:
    sent = await read_uploads(request, "a", "b")
    if sent is None:
        await request.body()  # which may be too large, and then that is the first thing to know
        raise UnsupportedMedia(TWO_PICTURES)
    if sorted(upload.field for upload in sent) != ["a", "b"]:
        raise Unprocessable(TWO_PICTURES)
    a, b = sorted(sent, key=lambda upload: upload.field)
    return a.content, b.content


Pictures = Annotated[list[Upload], Depends(uploads)]
PictureBytes = Annotated[bytes, Depends(one_upload)]
PairBytes = Annotated[tuple[bytes, bytes], Depends(pair_of_uploads)]


@router.post(
    "/search",
    summary="The anchors that look most like a picture",
    response_model=Matches,
    openapi_extra=PICTURE_BODY,
    responses=also(PNG, description="The matches, or their contact sheet."),
)
def search(
    engine: EngineDep, picture: PictureBytes, asked: Annotated[SearchRequest, Query()], accept: Accept = None
) -> Matches | Response:
    """Accept `application/json` for the matches, `image/png` for a contact sheet: the query and its matches."""
    if negotiate(accept, [JSON, PNG]) == PNG:
        return Response(engine.sheet([picture], asked), media_type=PNG)
    return engine.search(picture, asked)


@router.get(
    "/search",
    summary="The anchors that words describe, in English",
    operation_id="search_by_text",
    response_model=Matches,
    responses=also(PNG, description="The matches, or their contact sheet."),
)
def search_by_text(
    engine: EngineDep, asked: Annotated[TextRequest, Query()], accept: Accept = None
) -> Matches | Response:
    """By the classes that the backbone sees in pictures, and by their names; the card says how well that works."""
    if negotiate(accept, [JSON, PNG]) == PNG:
        return Response(engine.text_sheet(asked), media_type=PNG)
    return engine.search_by_text(asked)


@router.post(
    "/sheet",
    summary="The contact sheet of many searches: a row a query",
    response_class=Response,
    openapi_extra=QUERIES_BODY,
    responses=also(PNG, description="Each query with its matches and their similarities."),
)
def sheet(engine: EngineDep, pictures: Pictures, asked: Annotated[SearchRequest, Query()]) -> Response:
    return Response(engine.sheet([upload.content for upload in pictures], asked), media_type=PNG)


@router.get("/anchors", summary="The pictures of the index")
def anchors(asked: Annotated[AnchorsRequest, Query()], engine: EngineDep) -> AnchorPage:
    return engine.list(asked)


@router.post(
    "/anchors",
    summary="Add one picture or many; the next search finds them, and they outlive a crash",
    openapi_extra=PICTURES_BODY,
    responses={201: {"model": AddedList, "description": "At least one was not there before."}},
)
def add(engine: EngineDep, pictures: Pictures, asked: Annotated[AddRequest, Query()], response: Response) -> AddedList:
    added = engine.add(pictures, asked)
    response.status_code = 200 if all(anchor.known for anchor in added.items) else 201
    return added


@router.get("/anchors/{anchor_id}", summary="One picture of the index")
def anchor(engine: EngineDep, anchor_id: AnchorId) -> Anchor:
    return engine.anchor(anchor_id)


@router.patch("/anchors/{anchor_id}", summary="Say in other words what an anchor shows")
def rename(engine: EngineDep, anchor_id: AnchorId, asked: RenameRequest) -> Anchor:
    return engine.rename(anchor_id, asked.name)


@router.delete("/anchors/{anchor_id}", summary="Remove a picture; the next search does not find it")
def remove(engine: EngineDep, anchor_id: AnchorToRemove) -> Removed:
    return engine.remove(anchor_id)


@router.get("/anchors/{anchor_id}/similar", summary="The anchors most similar to one of them, itself first")
def similar(engine: EngineDep, anchor_id: AnchorId, asked: Annotated[SimilarRequest, Query()]) -> Matches:
    return engine.similar(anchor_id, asked)


@router.get(
    "/anchors/{anchor_id}/file",
    summary="The file of a picture, as it was indexed",
    response_class=Response,
    responses=picture_in_docs("image/*"),
)
def file(engine: EngineDep, anchor_id: AnchorId, if_none_match: IfNoneMatch = None) -> Response:
    media = engine.media(anchor_id)
    return picture_response(lambda: engine.file(anchor_id), media, f'"{anchor_id}"', if_none_match)


@router.get(
    "/anchors/{anchor_id}/thumbnail",
    summary="A picture as a PNG of at most 96 x 96",
    response_class=Response,
    responses=picture_in_docs(PNG),
)
def thumbnail(engine: EngineDep, anchor_id: AnchorId, if_none_match: IfNoneMatch = None) -> Response:
    engine.media(anchor_id)
    return picture_response(lambda: engine.thumbnail(anchor_id), PNG, f'"{anchor_id}-96"', if_none_match)


def picture_response(make: Callable[[], bytes], media: str, etag: str, if_none_match: str | None) -> Response:
    """The picture, or 304 without it when the client has it already (RFC 9110, 13.1.2)."""
    headers = {"ETag": etag, "Cache-Control": CACHE}
    if if_none_match and (if_none_match.strip() == "*" or etag in if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(make(), media_type=media, headers=headers)


@router.post(
    "/embed",
    summary="A picture as a vector of 256 numbers, unit length",
    response_model=Embedded,
    openapi_extra=PICTURE_BODY,
    responses=also(NPY, description="The vector; as .npy it is (256,), float32."),
)
def embed(
    engine: EngineDep, picture: PictureBytes, asked: Annotated[EmbedRequest, Query()], accept: Accept = None
) -> Response:
    kind = negotiate(accept, [JSON, NPY])
    return Response(engine.embed_as(kind, picture, asked), media_type=kind)


@router.post(
    "/compare",
    summary="How similar two pictures are, and which parts of them make them so",
    response_model=Compared,
    openapi_extra=PAIR_BODY,
    responses=also(PNG, description="The similarity with the map of either picture; as PNG drawn over them."),
)
def compare(
    engine: EngineDep, pair: PairBytes, asked: Annotated[EmbedRequest, Query()], accept: Accept = None
) -> Compared | Response:
    if negotiate(accept, [JSON, PNG]) == PNG:
        return Response(engine.heat_map(*pair, asked), media_type=PNG)
    return engine.compare(*pair, asked)


@router.get("/duplicates", summary="Anchors that are the same, edited copies, or the same thing")
def duplicates(engine: EngineDep, asked: Annotated[DuplicatesRequest, Query()]) -> Duplicates:
    return engine.duplicates(asked)


@router.get("/map", summary="All anchors on a plane, similar ones near each other")
def map_of_anchors(engine: EngineDep, asked: Annotated[MapRequest, Query()]) -> MapPage:
    return engine.map(asked)


def build(settings: Settings) -> FastAPI:
    return create_app(
        name="images",
        summary="Finds the pictures that look most like yours.",
        router=router,
        settings=settings,
        load=lambda: Engine.load(settings),
    )


app = build(Settings())
