"""What every store of vectors promises, asked of each of them; against brute force."""

import resource
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from services.images.stores import Flat, Growing, Keys, Large, Vectors, VectorStore, recall
from services.images.stores.large import EFFORTS, ENOUGH, empty_index
from services.images.stores.locks import ReadersWriter
from services.images.stores.measured import exactly, without
from services.images.stores.rows import FEW, NOWHERE, Places, Rows
from shared.artifacts import ArtifactDamaged, ArtifactMissing

WIDTH = 32
Maker = Callable[[Keys, Vectors], VectorStore]


def unit(rows: np.ndarray) -> Vectors:
    vectors: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return vectors


def some_vectors(count: int, seed: int = 0) -> Vectors:
    """In 50 clusters, as pictures are."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(50, WIDTH))
    return unit(centres[rng.integers(50, size=count)] + 0.5 * rng.normal(size=(count, WIDTH)))


def flat(keys: Keys, vectors: Vectors) -> Flat:
    store = Flat(WIDTH)
    store.upsert(keys, vectors)
    return store


def large(keys: Keys, vectors: Vectors) -> Large:
    return Large.built(WIDTH, keys, partial(part_of, flat(keys, vectors)))


def part_of(store: Flat, keys: Keys) -> tuple[Keys, Vectors]:
    return keys, store.get(keys)


def grown_large(keys: Keys, vectors: Vectors) -> Growing:
    store = Growing(WIDTH, few=len(keys) // 2)
    store.upsert(keys, vectors)
    store.settle()
    assert isinstance(store.store, Large)
    return store


def still_flat(keys: Keys, vectors: Vectors) -> Growing:
    store = Growing(WIDTH)
    store.upsert(keys, vectors)
    return store


@pytest.fixture(params=[flat, large, grown_large, still_flat], ids=lambda make: make.__name__)
def make(request: pytest.FixtureRequest) -> Maker:
    maker: Maker = request.param
    return maker


@pytest.fixture(scope="module")
def keys() -> Keys:
    """In no order, with gaps, one beyond 32 bits."""
    keys = np.random.default_rng(1).permutation(5000)[:2000] * 7
    keys[0] = 2**40
    return keys


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    return some_vectors(2000)


@pytest.fixture
def store(make: Maker, keys: Keys, vectors: Vectors) -> VectorStore:
    return make(keys, vectors)


def brute_force(keys: Keys, vectors: Vectors, queries: Vectors, k: int) -> tuple[Keys, Vectors]:
    cosines = queries @ vectors.T  # (Q, N)
    order = np.argsort(-cosines, axis=1)[:, :k]
    return keys[order], np.take_along_axis(cosines, order, axis=1)


def test_search_finds_what_brute_force_finds(store: VectorStore, keys: Keys, vectors: Vectors) -> None:
    queries = some_vectors(20, seed=2)
    found, cosines = store.search(queries, 10)
    right, true_cosines = brute_force(keys, vectors, queries, 10)
    assert [found.dtype, cosines.dtype] == [np.dtype(np.int64), np.dtype(np.float32)]
    assert np.mean(found == right) >= 0.99
    np.testing.assert_allclose(cosines, true_cosines, atol=1e-4)


def test_every_vector_finds_itself_first_with_one(store: VectorStore, keys: Keys, vectors: Vectors) -> None:
    found, cosines = store.search(vectors[:200], 1)
    assert found[:, 0].tolist() == keys[:200].tolist()
    np.testing.assert_allclose(cosines, 1, atol=1e-5)


def test_get_gives_back_what_was_put_in_but_for_rounding_to_16_bits(
    store: VectorStore, keys: Keys, vectors: Vectors
) -> None:
    np.testing.assert_allclose(store.get(keys[[5, 3]]), vectors[[5, 3]], atol=1e-5)
    with pytest.raises(KeyError, match="3"):
        store.get(np.array([keys[0], 3]))


def test_what_is_deleted_is_gone_from_the_next_answer(store: VectorStore, keys: Keys, vectors: Vectors) -> None:
    store.delete(keys[:500])
    assert store.count() == len(store.keys()) == 1500
    assert store.has(keys[[0, 499, 500]]).tolist() == [False, False, True]
    found, _ = store.search(vectors[:50], 1500)
    assert not np.isin(found, keys[:500]).any()
    right, _ = brute_force(keys[500:], vectors[500:], vectors[:50], 10)
    assert np.mean(found[:, :10] == right) >= 0.99


def test_deleting_what_is_not_there_changes_nothing(store: VectorStore, keys: Keys) -> None:
    store.delete(np.array([3, 2**50, keys[0], keys[0]]))
    store.delete(keys[:1])
    assert store.count() == 1999


def test_a_key_put_in_again_has_its_new_vector_only(store: VectorStore, keys: Keys, vectors: Vectors) -> None:
    other = some_vectors(3, seed=5)
    store.upsert(keys[:3], other)
    assert store.count() == 2000
    assert store.search(other, 1)[0][:, 0].tolist() == keys[:3].tolist()
    assert (store.search(vectors[:3], 1)[1] < 0.999).all()


def test_of_a_key_given_twice_the_last_vector_counts(store: VectorStore) -> None:
    several = some_vectors(3, seed=6)
    store.upsert(np.array([3, 10**6, 3]), several)
    assert store.count() == 2002
    np.testing.assert_allclose(store.get(np.array([3]))[0], several[2], atol=1e-3)


def test_a_deleted_key_may_come_back(store: VectorStore, keys: Keys, vectors: Vectors) -> None:
    store.delete(keys[:2])
    store.upsert(keys[:1], vectors[:1])
    assert store.search(vectors[:1], 1)[0].item() == keys[0]
    assert store.count() == 1999


def test_among_some_only_these_are_found_and_exactly(store: VectorStore, keys: Keys, vectors: Vectors) -> None:
    queries, some = some_vectors(5, seed=7), np.append(keys[100:130], [3, keys[100]])
    found, _ = store.search(queries, 40, among=some)
    assert np.array_equal(found[:, :30], brute_force(keys[100:130], vectors[100:130], queries, 30)[0])
    assert (found[:, 30:] == -1).all()


@pytest.mark.parametrize("k", [1, 999, 2000, 2500])
def test_where_there_are_fewer_than_k_the_rest_is_nobody(
    store: VectorStore, keys: Keys, vectors: Vectors, k: int
) -> None:
    found, cosines = store.search(vectors[:2], k)
    assert found.shape == cosines.shape == (2, k)
    for row in found[:, :2000] if k >= 2000 else found:
        assert len(set(row.tolist())) == min(k, 2000) or k == 999  # by codes a few of very many may be missed
    assert (found[:, 2000:] == -1).all()
    assert (cosines[:, 2000:] == -np.inf).all()


def test_when_all_are_deleted_nobody_is_found(store: VectorStore, keys: Keys, vectors: Vectors) -> None:
    store.delete(keys)
    assert store.count() == 0
    assert store.search(vectors[:1], 3)[0].tolist() == [[-1, -1, -1]]
    store.upsert(keys[:1], vectors[:1])
    assert store.search(vectors[:1], 3)[0].tolist() == [[keys[0], -1, -1]]


def test_no_query_has_no_answer(store: VectorStore) -> None:
    found, cosines = store.search(np.zeros((0, WIDTH), np.float32), 5)
    assert found.shape == cosines.shape == (0, 5)


def test_a_snapshot_opens_to_the_same_answers_and_goes_its_own_way(
    store: VectorStore, keys: Keys, vectors: Vectors, tmp_path: Path
) -> None:
    store.delete(keys[:10])
    store.snapshot(tmp_path / "snapshot")
    again = type(store).open(tmp_path / "snapshot")  # type: ignore[attr-defined]
    for ours, theirs in zip(again.search(vectors[:30], 5), store.search(vectors[:30], 5), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    again.upsert(keys[:1], vectors[:1])
    assert (again.count(), store.count()) == (1991, 1990)
    assert type(store).open(tmp_path / "snapshot").count() == 1990  # type: ignore[attr-defined]


def test_a_snapshot_that_is_not_whole_is_refused(store: VectorStore, tmp_path: Path) -> None:
    store.snapshot(tmp_path / "snapshot")
    data = (tmp_path / "snapshot" / "keys.npy").read_bytes()
    (tmp_path / "snapshot" / "keys.npy").write_bytes(data[:-1] + b"\7")
    with pytest.raises(ArtifactDamaged):
        type(store).open(tmp_path / "snapshot")  # type: ignore[attr-defined]
    (tmp_path / "snapshot" / "manifest.json").unlink()
    with pytest.raises(ArtifactMissing):
        type(store).open(tmp_path / "snapshot")  # type: ignore[attr-defined]


def test_a_snapshot_for_which_there_is_no_room_leaves_the_one_before(
    store: VectorStore, keys: Keys, vectors: Vectors, tmp_path: Path
) -> None:
    store.snapshot(tmp_path / "snapshot")
    store.upsert(keys + 1, vectors)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))  # what a full disk looks like
    try:
        with pytest.raises(OSError, match=r"too large|128000 requested"):
            store.snapshot(tmp_path / "snapshot")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert type(store).open(tmp_path / "snapshot").count() == 2000  # type: ignore[attr-defined]
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == ["snapshot"]


def test_recall_is_measured_against_comparing_with_each(store: VectorStore, keys: Keys, vectors: Vectors) -> None:
    queries = some_vectors(7, seed=8)
    assert np.array_equal(exactly(store, queries, 10)[0], exactly(flat(keys, vectors), queries, 10)[0]) or isinstance(
        store, Large | Growing
    )
    assert recall(store) >= 0.99


def test_a_query_of_the_sample_is_left_out_of_what_it_finds_where_it_is_found() -> None:
    found = np.array([[7, 8, 9], [1, 2, 3]]), np.array([[1, 0.5, 0.4], [0.3, 0.2, 0.1]], np.float32)
    keys, cosines = without(np.array([7, 5]), found)
    assert keys.tolist() == [[8, 9], [1, 2]]
    np.testing.assert_allclose(cosines, [[0.5, 0.4], [0.3, 0.2]])


def test_a_store_that_finds_the_wrong_ones_has_no_recall() -> None:
    class Blind(Flat):
        def search(self, vectors: Vectors, k: int, among: Keys | None = None) -> tuple[Keys, Vectors]:
            found, cosines = super().search(-vectors, k, among)  # what is farthest
            return found, -cosines

    store = Blind(WIDTH)
    store.upsert(np.arange(2000), some_vectors(2000))
    assert recall(store) == 0


def test_a_growing_store_answers_right_while_it_changes_over(keys: Keys, vectors: Vectors) -> None:
    """Growing is held up in the middle, at its reading, while it is changed."""
    store, begun, go_on = Growing(WIDTH, few=1000), Event(), Event()
    read = store.read

    def slowly(some: Keys) -> tuple[Keys, Vectors]:
        begun.set()
        assert go_on.wait(60)
        return read(some)

    store.read = slowly  # type: ignore[assignment, method-assign]
    store.upsert(keys[:1500], vectors[:1500])
    assert begun.wait(60)
    store.upsert(keys[1500:], vectors[1500:])
    store.delete(keys[:100])
    assert isinstance(store.store, Flat)
    assert store.search(vectors[1999:], 1)[0].item() == keys[1999]
    go_on.set()
    store.settle()
    assert isinstance(store.store, Large)
    assert sorted(store.keys()) == sorted(keys[100:])
    assert store.search(vectors[100:], 1)[0][:, 0].tolist() == keys[100:].tolist()


def test_too_many_dead_rows_are_cleared_away(keys: Keys, vectors: Vectors) -> None:
    store = grown_large(keys, vectors)
    store.few = 1000
    store.delete(keys[:600])
    store.settle()
    assert isinstance(store.store, Large)
    assert store.store.dead == 0
    store.delete(keys[:1200])
    store.settle()
    assert isinstance(store.store, Flat)
    assert sorted(store.keys()) == sorted(keys[1200:])


def test_a_store_that_outgrew_its_training_is_trained_anew() -> None:
    store = grown_large(np.arange(200), some_vectors(200))
    store.upsert(np.arange(200, 900), some_vectors(700, seed=3))
    store.settle()
    assert isinstance(store.store, Large)
    assert store.store.trained == 900


def test_the_effort_of_a_search_is_chosen_anew_when_there_are_half_as_many_again() -> None:
    store = grown_large(np.arange(200), some_vectors(200))
    assert isinstance(store.store, Large)
    store.store.effort, store.store.recall = (1, 1), 0.0  # too little, as for many more it would be
    store.upsert(np.arange(200, 301), some_vectors(101, seed=3))
    store.settle()
    assert (store.store.tuned, store.store.trained) == (301, 200)
    assert store.store.effort in EFFORTS
    assert store.recall >= ENOUGH


def test_readers_and_a_writer_at_once_never_see_a_wrong_vector(keys: Keys, vectors: Vectors) -> None:
    store, wrong = Growing(WIDTH, few=500), []
    store.upsert(keys[:400], vectors[:400])

    def ask() -> None:
        for row in range(400):
            found, cosines = store.search(vectors[row : row + 1], 1)
            if found.item() != keys[row] or abs(cosines.item() - 1) > 1e-4:
                wrong.append(row)

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for row in range(400, 2000, 50):
        store.upsert(keys[row : row + 50], vectors[row : row + 50])
        store.delete(keys[row : row + 25])
    for thread in threads:
        thread.join()
    store.settle()
    assert wrong == []
    assert store.count() == 400 + 800


def test_a_change_over_that_fails_leaves_the_store_as_it_was(
    keys: Keys, vectors: Vectors, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    store = Growing(WIDTH, folder=tmp_path / "not there", few=1000)
    store.upsert(keys, vectors)
    store.settle()
    assert isinstance(store.store, Flat)
    assert "stay where they are" in caplog.text
    store.delete(keys[:1])
    assert store.count() == 1999


def test_the_cosines_of_a_large_store_are_off_by_less_than_a_hundred_thousandth() -> None:
    vectors = unit(np.random.default_rng(0).normal(size=(1000, 256)))
    rows = Rows(256, None)
    rows.append(vectors)
    error = np.abs(rows[np.arange(1000)] @ vectors.T - vectors @ vectors.T)
    assert error.max() < 1e-5
    assert np.diagonal(error).max() < 2e-6


def test_a_width_that_is_odd_can_be_coded() -> None:
    vectors = unit(np.random.default_rng(0).normal(size=(300, 5)))
    index = empty_index(5, 300)
    index.train(vectors)
    index.add(vectors)
    assert index.ntotal == 300


def test_places_are_found_before_and_after_they_are_sorted_in() -> None:
    places, keys = Places(), np.random.default_rng(0).permutation(3 * FEW)
    expected = dict(zip(keys.tolist(), range(len(keys)), strict=True))
    for start in range(0, len(keys), 5000):
        places.put({key: expected[key] for key in keys[start : start + 5000].tolist()})
    places.put(dict.fromkeys(keys[:FEW].tolist(), NOWHERE))
    assert places.find(keys[:FEW]).tolist() == [NOWHERE] * FEW
    assert places.find(keys[FEW:]).tolist() == list(range(FEW, 3 * FEW))
    places.sort_in()
    assert (len(places.keys), places.later) == (2 * FEW, {})
    assert places.find(np.append(keys[FEW - 1 : FEW + 1], -5)).tolist() == [NOWHERE, FEW, NOWHERE]


def test_a_writer_waits_for_readers_and_later_readers_for_him() -> None:
    lock, order, waiting = ReadersWriter(), [], Event()

    def write() -> None:
        with lock.write():
            order.append("written")

    def read() -> None:
        waiting.set()
        with lock.read():
            order.append("read")

    writer, reader = Thread(target=write), Thread(target=read)
    with lock.read():
        writer.start()
        while lock.writers == 0:
            pass
        reader.start()
        assert waiting.wait(60)
        order.append("first")
    for thread in (writer, reader):
        thread.join()
    assert order == ["first", "written", "read"]
