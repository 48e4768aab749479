"""What bench compares in searching is the same work, and what it says of it is what it measured."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from services.images.speed import searching
from services.images.speed.searching import FLAT, HNSW, OURS, PANDAS, Found
from services.images.stores import Keys, Large, Vectors
from shared.services import ROOT


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    return searching.inventor("clustered", None)(500, 0)


def test_the_newsletters_search_finds_what_flat_finds(vectors: Vectors) -> None:
    peers, _ = searching.peers_of(vectors, first=False)
    frame = pd.DataFrame({"file": np.arange(500), "features": list(vectors)})
    for query in searching.inventor("clustered", None)(5, 1):
        assert (
            searching.search_of(PANDAS, frame)(query).tolist() == searching.search_of(FLAT, peers[FLAT])(query).tolist()
        )


def test_hnswlib_finds_nearly_what_flat_finds(vectors: Vectors) -> None:
    pytest.importorskip("hnswlib", reason="a peer: pip install hnswlib")
    query = vectors[7]
    assert searching.search_of(HNSW, searching.hnsw(vectors))(query)[0] == 7


def test_the_same_seed_invents_the_same_unit_vectors_and_another_seed_others(vectors: Vectors) -> None:
    invent = searching.inventor("clustered", None)
    np.testing.assert_array_equal(invent(500, 0), vectors)
    assert not np.allclose(invent(500, 1), vectors)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_scattered_vectors_lie_farther_from_real_ones_than_lifelike_ones(vectors: Vectors) -> None:
    nearest = {kind: searching.inventor(kind, vectors)(50, 0) @ vectors.T for kind in ("lifelike", "scattered")}
    assert nearest["lifelike"].max(1).mean() > nearest["scattered"].max(1).mean() + 0.1


def test_a_store_is_built_in_blocks_and_has_all_of_them() -> None:
    store, seconds = searching.built(searching.inventor("clustered", None), 12_345)
    assert sorted(store.keys()) == list(range(12_345))
    assert seconds > 0


def test_who_is_slow_has_a_turn_in_twenty(vectors: Vectors) -> None:
    calls = {"quick": 0, "slow": 0}

    def count(name: str) -> searching.Search:
        def search(query: Vectors) -> Keys:
            calls[name] += 1
            return np.zeros(1, np.int64)

        return search

    searching.take_turns({name: count(name) for name in calls}, vectors, slow=["slow"])
    assert calls == {"quick": 1 + searching.ROUNDS, "slow": 1 + searching.ROUNDS // searching.SELDOM}


def test_what_is_deleted_is_timed_and_gone(vectors: Vectors) -> None:
    invent = searching.inventor("clustered", None)
    store, _ = searching.built(invent, 1000)
    several = np.concatenate([invent(len(keys), seed) for keys, seed in searching.blocks(1000)])
    taken = searching.deleting(store, several, searching.peers_of(several, first=False)[0])
    assert store.count() == 1000 - searching.DELETED
    assert set(taken) == {OURS, FLAT}


HOLDER = """
import numpy as np
from services.images.speed.searching import resident
own, _ = resident()
held = np.ones(2**23)
print((resident()[0] - own) / (held.nbytes / 1e6))
"""


def test_memory_is_that_of_this_process() -> None:
    """A process of its own: one that ran long gives out memory that it had already."""
    answer = subprocess.run([sys.executable, "-c", HOLDER], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 0.9 < float(answer.stdout) < 1.5


def test_at_a_million_the_newsletters_time_is_extrapolated_and_called_so() -> None:
    one = Found(
        1_000_000,
        "clustered",
        Large.__name__,
        {OURS: 1.0, FLAT: 60.0},
        {OURS: 0.99},
        {OURS: 90},
        5,
        {OURS: 0.1},
        {OURS: 9},
    )
    ms = searching.figures_of(one, {100_000: 1250.0})[0]
    assert (ms.value, ms.baselines) == (1.0, {FLAT: 60.0, f"{PANDAS}, extrapolated from 100,000": 12_500.0})
    assert searching.figures_of(one, {})[0].baselines == {FLAT: 60.0}
