"""Tensors on the wire: which media type to send, and the bytes of it."""

import io
import math
import zipfile
from collections.abc import Mapping, Sequence

import numpy as np
import orjson
from numpy.typing import DTypeLike

from shared.problems import NotAcceptable, shorten

JSON = "application/json"
NPY = "application/x-npy"
NPZ = "application/x-npz"


def negotiate(accept: str | None, offered: Sequence[str]) -> str:
    """The offered media type the client likes best (RFC 9110, 12.5.1); the first one offered when it does not mind."""
    ranges = [parse_range(item) for item in (accept or "*/*").split(",") if item.strip()]
    quality, _, choice = max((preference(media, ranges), -place, media) for place, media in enumerate(offered))
    if quality <= 0:
        raise NotAcceptable(f"Accept asks for {shorten(accept)}; this can be had as {', '.join(offered)}")
    return choice


def parse_range(item: str) -> tuple[str, float]:
    """A media range with its parameters in one spelling (application/x-npy;dtype=uint8), and its quality."""
    media, *parameters = (part.strip() for part in item.lower().split(";"))
    pairs = (parameter.split("=", 1) for parameter in parameters if "=" in parameter)
    values = {name.strip(): value.strip().strip('"') for name, value in pairs}
    # All JSON here is UTF-8, whatever the client calls it.
    named = [f"{name}={value}" for name, value in values.items() if name not in ("q", "charset")]
    try:
        return ";".join([media, *named]), float(values.get("q", 1))
    except ValueError:
        return media, 0.0


def preference(media: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The quality of the most specific range that covers `media`; 0 when none does."""
    plain = media.split(";")[0]
    for candidate in (media, plain, plain.split("/")[0] + "/*", "*/*"):
        matching = [quality for wanted, quality in ranges if wanted == candidate]
        if matching:
            return max(matching)
    return 0.0


def json_bytes(value: object, decimals: int = 4) -> bytes:
    """JSON of nested dicts, lists and numpy arrays; floating arrays are rounded to `decimals` (4: error <= 5e-5)."""
    return orjson.dumps(rounded(value, decimals), option=orjson.OPT_SERIALIZE_NUMPY)


def rounded(value: object, decimals: int) -> object:
    match value:
        case np.ndarray() if value.dtype.kind == "f":
            # float32 prints its shortest form (0.1234), a rounded float64 would too, but costs twice the bytes to move.
            return np.ascontiguousarray(np.round(value.astype(np.float32, copy=False), decimals))
        case dict():
            return {key: rounded(item, decimals) for key, item in value.items()}
        case list() | tuple():
            return [rounded(item, decimals) for item in value]
    return value


def npy_bytes(array: np.ndarray) -> bytes:
    """numpy's own .npy format, version 1.0; no pickle in it."""
    array = np.asarray(array, order="C")
    content, inside = npy_frame(array.shape, array.dtype)
    inside[...] = array
    return bytes(content)


def npy_frame(shape: tuple[int, ...], dtype: DTypeLike) -> tuple[memoryview, np.ndarray]:
    """The bytes of an .npy and the array inside them, yet to be filled: so a large one need not be copied."""
    header, kind = io.BytesIO(), np.dtype(dtype)
    described = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, described)
    start = len(header.getvalue())  # a multiple of 64, so that what follows lies well in memory
    whole = np.empty(start + math.prod(shape) * kind.itemsize, np.uint8)
    whole[:start] = np.frombuffer(header.getvalue(), np.uint8)
    return whole.data, whole[start:].view(kind).reshape(shape)


def npz_bytes(arrays: Mapping[str, np.ndarray], texts: Mapping[str, bytes], level: int = 6) -> bytes:
    """numpy's .npz format: one .npy an array, zipped with `texts` under their own names; the same bytes each time."""
    buffer = io.BytesIO()
    members = {f"{name}.npy": npy_bytes(array) for name, array in arrays.items()} | dict(texts)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, content in members.items():
            # Without a date of its own a member gets the clock's, and the same arrays would make other bytes.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, level)
    return buffer.getvalue()
