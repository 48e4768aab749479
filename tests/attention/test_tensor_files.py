"""Files of numbers, broken and hostile ones too."""

import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from services.attention.views.tensor_files import read_tensors
from shared.problems import Unprocessable


def npy(array: np.ndarray, allow_pickle: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


def header(text: str, version: bytes = b"\x01\x00") -> bytes:
    """An .npy without numbers, whatever its header claims."""
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text.encode("latin-1")


def claim(shape: str, dtype: str = "'<f4'") -> bytes:
    return header(f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}")


def archive(compression: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, data in members.items():
            file.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def refusal(data: bytes) -> str:
    with pytest.raises(Unprocessable) as caught:
        read_tensors(data)
    return caught.value.detail


def test_arrays_come_out_as_they_went_in() -> None:
    array = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, query=array, key=array.T)
    assert np.array_equal(read_tensors(npy(array))["weights"], array)
    found = read_tensors(buffer.getvalue())
    assert list(found) == ["query", "key"]
    assert np.array_equal(found["key"], array.T)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "neither .npy nor .npz"),
        (b"hello", "begins with b'hello'"),
        (npy(np.eye(4))[:-8], "cut off: its header promises 128 bytes of numbers, it has 120"),
        (npy(np.eye(4))[:40], "header that cannot be read"),
        (npy(np.eye(4))[:7], "header that cannot be read"),
        (claim("(100000, 100000)"), "has 10,000,000,000 numbers"),
        (claim("(20000001,)"), "the limit is 20,000,000"),
        (claim("(-4, 4)"), "shape [-4, 4]"),
        (claim("(4, 4)"), "cut off"),
        (claim("'four'"), "cannot be read"),
        (claim("(4,)", "'|O'"), "holds Python objects"),
        (claim("(4,)", "'<U8'"), "holds text"),
        (claim("(4,)", "'<c8'"), "holds complex numbers"),
        (claim("(4,)", "'|V2'"), "holds records"),
        (claim("(4,)", "[('a', '<f4')]"), "holds records"),
        (header("{'shape': (" + "9" * 90 + ",)}"), "cannot be read"),
        (header("__import__('os').abort()"), "cannot be read"),
        (header("", version=b"\x03\x00"), "cannot be read"),
        (header("", version=b"\x09\x00"), "cannot be read"),
        (npy(np.array([{}], dtype=object), allow_pickle=True), "holds Python objects"),
        (archive(weights=npy(np.eye(3)))[:-30], "damaged or cut off"),
        (archive(weights=npy(np.eye(3))[:-8]), "weights.npy of the .npz is cut off"),
        (archive(weights=b"hello"), "cannot be read"),
        (archive(attn=npy(np.eye(3))), "has an array 'attn'; it may have weights, query, key, mask"),
        (archive(zipfile.ZIP_LZMA, weights=npy(np.eye(3))), "packed in an unusual way"),
        (b"PK\x03\x04" + b"\x00" * 100, "damaged or cut off"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(data: bytes, said: str) -> None:
    assert said in refusal(data)


def test_damaged_numbers_in_an_npz_are_noticed() -> None:
    whole = bytearray(archive(weights=npy(np.eye(3))))
    whole[200] ^= 255  # inside the numbers, whose checksum the archive knows
    assert "damaged" in refusal(bytes(whole))


@pytest.mark.parametrize("shape", ["(20000001,)", "(1000000000000, 1000)", "(20000000,)"])
def test_a_header_allocates_nothing_for_what_it_claims(shape: str) -> None:
    data = claim(shape)
    tracemalloc.start()
    refusal(data)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1_000_000


def test_an_npz_that_unpacks_to_more_than_the_limit_is_not_unpacked() -> None:
    zeros = archive(zipfile.ZIP_DEFLATED, weights=npy(np.zeros(20_020_000, np.float64)))
    assert len(zeros) < 200_000
    tracemalloc.start()
    assert "unpacks to 160,160,128 bytes" in refusal(zeros)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1_000_000


def read_or_refused(data: bytes) -> bool:
    try:
        return bool(read_tensors(data))
    except Unprocessable:
        return True


@pytest.mark.parametrize("compression", [None, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_whatever_is_done_to_a_file_it_is_read_or_refused(compression: int | None) -> None:
    random, array = np.random.default_rng(0), npy(np.eye(3))
    whole = array if compression is None else archive(compression, weights=array, key=array)
    for _ in range(400):
        broken = bytearray(whole)
        for place in random.integers(0, len(whole), random.integers(1, 6)):
            broken[place] = random.integers(256)
        assert read_or_refused(bytes(broken))
        assert read_or_refused(whole[: random.integers(len(whole))])
