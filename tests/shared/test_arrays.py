"""The bytes of tensors and the media type the client wants."""

import io
import json
import time
import zipfile

import numpy as np
import pytest

from shared.arrays import json_bytes, negotiate, npy_bytes, npz_bytes
from shared.problems import NotAcceptable

OFFERED = ("application/json", "application/x-npy", "image/png")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("image/png", "image/png"),
        ("image/*", "image/png"),
        ("text/html, application/x-npy;q=0.5", "application/x-npy"),
        ("application/json;q=0.1, image/png;q=0.9", "image/png"),
        ("application/json;q=0, */*", "application/x-npy"),
    ],
)
def test_the_client_gets_what_it_likes_best(accept: str | None, expected: str) -> None:
    assert negotiate(accept, OFFERED) == expected


def test_what_is_not_offered_is_406_and_names_what_is() -> None:
    with pytest.raises(NotAcceptable, match=r"text/html.*application/json, application/x-npy, image/png"):
        negotiate("text/html", OFFERED)


def test_json_rounds_arrays_to_the_decimals_and_leaves_the_rest() -> None:
    value = {"weights": np.array([[1 / 3, 2 / 3]], np.float32), "ids": np.array([1, 2]), "exact": 1 / 3}
    assert json.loads(json_bytes(value)) == {"weights": [[0.3333, 0.6667]], "ids": [1, 2], "exact": 1 / 3}


def test_json_takes_arrays_that_are_not_contiguous() -> None:
    assert json.loads(json_bytes(np.arange(6.0).reshape(2, 3).T)) == [[0, 3], [1, 4], [2, 5]]


def test_npy_comes_back_exactly() -> None:
    array = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    assert np.array_equal(np.load(io.BytesIO(npy_bytes(array)), allow_pickle=False), array)


FORMS = ("application/json", "application/x-npy", "application/x-npy;dtype=uint8", "application/x-npz")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/x-npy;dtype=uint8", "application/x-npy;dtype=uint8"),
        ("application/x-npy; dtype=uint8", "application/x-npy;dtype=uint8"),
        ('application/x-npy;dtype="uint8"', "application/x-npy;dtype=uint8"),
        ("Application/X-NPY; DType=UInt8", "application/x-npy;dtype=uint8"),
        ("application/x-npy;dtype=uint8;q=0.2, application/x-npy;q=0.1", "application/x-npy;dtype=uint8"),
        ("application/x-npy;q=0.2, application/x-npy;dtype=uint8;q=0.1", "application/x-npy"),
        ("application/x-npy", "application/x-npy"),
        ("application/json; charset=utf-8", "application/json"),
        ("application/json;charset=UTF-8;q=0.1, application/x-npz;q=0.2", "application/x-npz"),
        ("*/*;q=0.1, application/x-npz;q=0.2", "application/x-npz"),
        ("application/x-npz, application/x-npy", "application/x-npy"),  # liked alike: ours first
        (" , application/x-npz", "application/x-npz"),
    ],
)
def test_a_media_type_is_chosen_by_its_parameters_and_quality(accept: str, expected: str) -> None:
    assert negotiate(accept, FORMS) == expected


@pytest.mark.parametrize(
    "accept",
    ["application/x-npy;dtype=float16", "application/x-npz;q=0", "application/x-npz;q=much", "json", "x" * 5000],
)
def test_what_no_offer_answers_is_refused_in_few_words(accept: str) -> None:
    with pytest.raises(NotAcceptable) as caught:
        negotiate(accept, FORMS)
    assert len(caught.value.detail) < 250
    assert ", ".join(FORMS) in caught.value.detail


@pytest.mark.parametrize("array", [np.array(3.0), np.zeros((0, 2)), np.arange(6).reshape(2, 3).T])
def test_npy_keeps_any_shape(array: np.ndarray) -> None:
    back = np.load(io.BytesIO(npy_bytes(array)), allow_pickle=False)
    assert (back.shape, back.dtype) == (array.shape, array.dtype)
    assert np.array_equal(back, array)


def test_npz_is_read_by_numpy_and_its_texts_come_back() -> None:
    arrays = {"weights": np.arange(6, dtype=np.uint8).reshape(2, 3), "scale": np.array(0.5)}
    text = '{"tokens": ["기차"]}'.encode()
    with np.load(io.BytesIO(npz_bytes(arrays, {"maps.json": text})), allow_pickle=False) as back:
        assert sorted(back.files) == ["maps.json", "scale", "weights"]
        assert all(np.array_equal(back[name], array) for name, array in arrays.items())
        assert back["weights"].dtype == np.uint8
        assert back["maps.json"] == text


def test_npz_of_the_same_arrays_has_the_same_bytes_at_another_time(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays, texts = {"weights": np.eye(3)}, {"maps.json": b"{}"}
    before = npz_bytes(arrays, texts)
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)  # the year 2033
    assert npz_bytes(arrays, texts) == before
    with zipfile.ZipFile(io.BytesIO(before)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_npz_is_smaller_the_more_it_is_compressed() -> None:
    arrays = {"weights": np.zeros((100, 100))}
    assert len(npz_bytes(arrays, {}, level=6)) < 1000 < 80_000 < len(npz_bytes(arrays, {}, level=0))
