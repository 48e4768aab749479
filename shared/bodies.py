"""Bodies that an endpoint reads itself because it takes several kinds: a form with a file, or JSON."""

from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from shared.problems import Unprocessable, UnsupportedMedia, cut

Asked = TypeVar("Asked", bound=BaseModel)


@dataclass(frozen=True)
class Form:
    """A form's field `file`, and what its other fields say."""

    file: bytes
    fields: dict[str, str]


async def read_form(request: Request) -> Form | None:
    """None when the body is no form."""
    if not media_of(request).startswith("multipart/form-data"):
        return None
    async with request.form() as form:
        names, file = [name for name, _ in form.multi_items()], form.get("file")
        if not isinstance(file, UploadFile):
            raise Unprocessable(f"the form has no file named `file`; its fields are: {cut(', '.join(names)) or 'none'}")
        if len(set(names)) < len(names):
            raise Unprocessable(f"the form names a field twice; its fields are: {cut(', '.join(names))}")
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        if files := [name for name in names if name not in {"file", *fields}]:
            raise Unprocessable(f"the form may have the one file `file`, not {cut(', '.join(files))}")
        return Form(await file.read(), fields)


@dataclass(frozen=True)
class Upload:
    """A file of a form: the field it came in, what it is called, what is in it."""

    field: str
    name: str
    content: bytes


async def read_uploads(request: Request, *fields: str) -> list[Upload] | None:
    """The files of a form in the order they were sent, each in one of `fields`; None when the body is no form."""
    if not media_of(request).startswith("multipart/form-data"):
        return None
    async with request.form() as form:
        items = form.multi_items()
        known = " and ".join(f"`{field}`" for field in fields)
        uploads = [(name, value) for name, value in items if isinstance(value, UploadFile) and name in fields]
        if not uploads:
            sent = cut(", ".join(name for name, _ in items)) or "none"
            raise Unprocessable(f"the form has no file named {known}; its fields are: {sent}")
        if others := [name for name, value in items if (name, value) not in uploads]:
            raise Unprocessable(f"the form may have files named {known} only, not {cut(', '.join(others))}")
        return [Upload(name, value.filename or name, await value.read()) for name, value in uploads]


async def read_json(request: Request, model: type[Asked]) -> Asked:
    """The body as `model`, refused in the same words as where FastAPI reads it."""
    media = media_of(request)
    if "json" not in media.split(";")[0]:
        raise UnsupportedMedia(f"the body came as {cut(media) or 'nothing'}; send JSON or a form (multipart/form-data)")
    try:
        return await run_in_threadpool(model.model_validate_json, await request.body())
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()]) from error


def media_of(request: Request) -> str:
    return request.headers.get("content-type", "").lower()
