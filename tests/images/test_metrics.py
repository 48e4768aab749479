"""Ranks, recall and mean average precision, by hand and against the definition written out."""

import numpy as np
import pytest

from services.images.metrics import Rows, average_precision, places_of, retrieval, standard_error, unit


def nobody(queries: int) -> Rows:
    """No query is in the gallery itself."""
    return np.full(queries, -1)


def test_ranks_become_recall_and_average_precision() -> None:
    gallery = np.eye(10, dtype=np.float32)
    queries = gallery.copy()
    queries[0] = gallery[1] + 0.5 * gallery[0]  # its own is second
    queries[1] = np.linspace(1, 0, 10)  # its own is second, too
    found = retrieval(queries, gallery, [np.array([row]) for row in range(10)], nobody(10))
    assert found.figures == {"recall@1": 0.8, "recall@5": 1.0, "map": pytest.approx(0.9)}


def test_with_several_right_answers_precision_is_averaged_over_them() -> None:
    cosines = np.array([0.9, 0.8, 0.7, 0.6], np.float32)
    assert places_of(cosines, np.array([0, 2])).tolist() == [1, 3]
    assert average_precision(np.array([1, 3])) == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert average_precision(np.array([1, 2, 3])) == 1


def test_the_picture_itself_is_no_answer() -> None:
    gallery = unit(np.array([[1, 0], [0.9, 0.1], [0, 1]], np.float32))
    right = [np.array([2])]
    assert retrieval(gallery[:1], gallery, right, nobody(1)).ranks.tolist() == [3]
    assert retrieval(gallery[:1], gallery, right, itself=np.array([0])).ranks.tolist() == [2]


def test_equal_cosines_keep_the_order_of_the_gallery() -> None:
    same = np.ones((4, 3), np.float32)
    assert retrieval(same[:1], same, [np.array([2])], nobody(1)).ranks.tolist() == [3]


def test_lengths_do_not_count() -> None:
    gallery = np.array([[5, 0], [0.1, 0.1]], np.float32)
    assert retrieval(np.array([[2, 2]], np.float32), gallery, [np.array([1])], nobody(1)).recall(1) == 1


def test_chunks_give_what_the_definition_gives() -> None:
    rng = np.random.default_rng(0)
    queries, gallery = (rng.standard_normal((count, 8)).astype(np.float32) for count in (600, 40))
    right = [rng.choice(40, 3, replace=False) for _ in range(600)]
    found = retrieval(queries, gallery, right, nobody(600))
    for row in (0, 511, 512, 599):
        order = np.argsort(-unit(queries[row : row + 1])[0] @ unit(gallery).T, kind="stable")
        hits = np.isin(order, right[row])
        precision = np.cumsum(hits) / np.arange(1, 41)
        assert found.precisions[row] == pytest.approx(precision[hits].mean())
        assert found.ranks[row] == 1 + hits.argmax()


def test_the_standard_error_shrinks_with_the_root_of_the_number() -> None:
    assert standard_error(np.array([1.0, 3.0])) == pytest.approx(1)
    assert standard_error(np.array([1.0])) == 0
