"""Reads .npy and .npz files of strangers: only numbers, and no more of them than the header and the limit allow."""

import io
import math
import zipfile
import zlib
from tokenize import TokenError
from typing import IO

import numpy as np

from shared.problems import Unprocessable

MAX_CELLS = 20_000_000  # of all arrays of a file together
MAX_BYTES = 8 * MAX_CELLS + 100_000  # the widest number has 8 bytes; the rest is room for headers
KNOWN = ("weights", "query", "key", "mask")
STRANGERS = {"U": "text", "S": "text", "b": "true and false", "c": "complex numbers", "O": "Python objects"}
STRANGERS |= {"V": "records", "M": "dates", "m": "spans of time"}
NPY, ZIP = b"\x93NUMPY", b"PK\x03\x04"
# Version 3 is for column names in other scripts: nothing of what can be read here.
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
# What numpy's reader raises for a header that is no dict of Python, apart from a version it does not know.
UNREADABLE = (ValueError, KeyError, TypeError, SyntaxError, TokenError, MemoryError, RecursionError)
# What zipfile raises for an archive that is none; RuntimeError also stands for what it has not implemented.
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError)


def read_tensors(data: bytes) -> dict[str, np.ndarray]:
    """The arrays of a file by their names; the only one of an .npy file is `weights`."""
    if data.startswith(NPY):
        return {"weights": read_npy(io.BytesIO(data), "the .npy")}
    if data.startswith(ZIP):
        return read_npz(data)
    raise Unprocessable(
        f"the file is neither .npy nor .npz, it begins with {data[:6]!r}; write it with numpy.save or numpy.savez"
    )


def read_npz(data: bytes) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            check_members(members)
            return {name_of(one): read_npy(archive.open(one), f"{one.filename} of the .npz") for one in members}
    except DAMAGED as error:
        raise Unprocessable(f"the .npz is damaged or cut off ({error}); send it again") from error


def name_of(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def check_members(members: list[zipfile.ZipInfo]) -> None:
    """Before anything is unpacked: the names, the packing and the size of what is in it."""
    names = [name_of(one) for one in members]
    if strange := [name for name in names if name not in KNOWN]:
        raise Unprocessable(f"the .npz has an array {strange[0][:80]!r}; it may have {', '.join(KNOWN)}")
    if len(set(names)) < len(names):
        raise Unprocessable(f"the .npz has an array twice: {', '.join(names[:8])}; write it with numpy.savez")
    if any(one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or one.flag_bits & 1 for one in members):
        raise Unprocessable("the .npz is encrypted or packed in an unusual way; write it with numpy.savez")
    if (size := sum(one.file_size for one in members)) > MAX_BYTES:
        raise Unprocessable(f"the .npz unpacks to {size:,} bytes; the limit is {MAX_BYTES:,}: send fewer layers")


def read_npy(stream: IO[bytes], what: str) -> np.ndarray:
    """One array. Nothing is allocated for it before its header has been compared with the limit."""
    shape, fortran, dtype = read_header(stream, what)
    cells = math.prod(shape)
    if dtype.kind not in "fiub" or dtype.itemsize > 8:
        raise Unprocessable(f"{what} holds {in_words(dtype)}, not float16, float32, float64, integers or truth values")
    if cells > MAX_CELLS:
        raise Unprocessable(f"{what} has {cells:,} numbers, shape {list(shape)}; the limit is {MAX_CELLS:,}")
    data = stream.read(cells * dtype.itemsize)
    if len(data) < cells * dtype.itemsize:
        raise Unprocessable(
            f"{what} is cut off: its header promises {cells * dtype.itemsize:,} bytes of numbers, it has {len(data):,}"
        )
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def in_words(dtype: np.dtype) -> str:
    """What an array that cannot be attention has in it."""
    return STRANGERS.get(dtype.kind, dtype.name)


def read_header(stream: IO[bytes], what: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    try:
        version = np.lib.format.read_magic(stream)
        shape, fortran, dtype = HEADERS[version](stream)
    except UNREADABLE as error:
        raise Unprocessable(f"{what} has a header that cannot be read; write it with numpy.save") from error
    if any(size < 0 for size in shape):
        raise Unprocessable(f"{what} has a header that cannot be right: shape {list(shape)}")
    return shape, fortran, dtype
