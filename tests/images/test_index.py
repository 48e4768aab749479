"""The vector store against brute force."""

from pathlib import Path

import numpy as np
import pytest

from services.images.index import Vectors, VectorStore


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    rows = np.random.default_rng(0).normal(size=(500, 32)).astype(np.float32)
    unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


@pytest.fixture(scope="module")
def store(vectors: Vectors) -> VectorStore:
    return VectorStore.build([f"id{row}" for row in range(len(vectors))], vectors)


def test_search_is_brute_force(store: VectorStore, vectors: Vectors) -> None:
    queries = vectors[:7] + 0.1 * vectors[7:14]
    ids, cosines = store.search(queries, 10)
    table = queries @ vectors.T
    order = np.argsort(-table, axis=1)[:, :10]
    assert ids == [[f"id{row}" for row in rows] for rows in order]
    np.testing.assert_allclose(cosines, np.take_along_axis(table, order, axis=1), atol=1e-6)


def test_every_vector_finds_itself_first_with_one(store: VectorStore, vectors: Vectors) -> None:
    ids, cosines = store.search(vectors, 1)
    assert [found for [found] in ids] == store.ids
    np.testing.assert_allclose(cosines, 1, atol=1e-6)


def test_all_of_them_can_be_asked_for(store: VectorStore, vectors: Vectors) -> None:
    ids, _ = store.search(vectors[:1], store.count())
    assert sorted(ids[0]) == sorted(store.ids)


def test_get_gives_back_what_was_put_in(store: VectorStore, vectors: Vectors) -> None:
    np.testing.assert_array_equal(store.get("id42"), vectors[42])


def test_a_saved_store_answers_the_same(store: VectorStore, vectors: Vectors, tmp_path: Path) -> None:
    store.save(tmp_path / "index.faiss")
    again = VectorStore.load(store.ids, tmp_path / "index.faiss")
    assert again.search(vectors[:3], 5)[0] == store.search(vectors[:3], 5)[0]


def test_ids_of_another_run_are_refused(store: VectorStore, tmp_path: Path) -> None:
    store.save(tmp_path / "index.faiss")
    with pytest.raises(ValueError, match="3 ids for an index of 500"):
        VectorStore.load(["a", "b", "c"], tmp_path / "index.faiss")
