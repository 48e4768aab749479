"""The bytes of tensors and the media type the client wants."""

import io
import json

import numpy as np
import pytest

from shared.arrays import json_bytes, negotiate, npy_bytes
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
