"""Searching: ours beside the newsletter's `apply` and sort, FAISS Flat and hnswlib, from ten thousand to a million.

Vectors are invented, of 256 numbers: "clustered" are 2,000 centres with noise; "lifelike" and "scattered" lie around
vectors of real pictures, near and far, spread as those are. Each size has a process of its own, of one thread; what is
compared takes turns; CPU time, medians.
"""

import importlib
import importlib.util
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pandas as pd
from tqdm import tqdm

from services.images.stores import Growing, Keys, Large, Vectors
from services.images.stores.base import BLOCK, nearest
from services.images.stores.measured import overlap
from shared.device import limit_threads
from shared.engine import Figure

SIZES = (10_000, 100_000, 1_000_000)
WIDTH, K, QUERIES, ROUNDS, DELETED = 256, 10, 100, 60, 200
SELDOM = 20  # who is slow has one turn while the others have so many
OURS, PANDAS, FLAT, HNSW = "ours", "pandas apply + sort", "FAISS Flat", "hnswlib M 32, ef 64"
MOST_IN_PANDAS = MOST_IN_HNSW = 100_000  # beyond it a search takes 10 s, and a graph 10 minutes and more than 1 GB

Invent = Callable[[int, int], Vectors]  # how many, seed
Search = Callable[[Vectors], Keys]  # (D,) to the K nearest


@dataclass(frozen=True)
class Found:
    """Of one size and kind of vectors; what was compared by name."""

    size: int
    kind: str
    store: str
    ms: Mapping[str, float]
    recall: Mapping[str, float]
    hot: Mapping[str, float]  # MB
    mapped: float  # MB of the file that are in RAM after the searches
    delete: Mapping[str, float]  # ms
    build: Mapping[str, float]  # CPU seconds


def measure(sizes: Iterable[int] = SIZES, real: Vectors | None = None) -> list[Figure]:
    """`real` are vectors of pictures, (N, 256); without them only clusters are searched."""
    found = []
    for size in sizes:
        for kind in kinds(real):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
                found.append(alone.submit(measure_one, size, kind, real).result())
            tqdm.write(str(found[-1]), file=sys.stderr)  # the next may take minutes
    by_pandas = {one.size: one.ms[PANDAS] for one in found if PANDAS in one.ms}
    return [figure for one in found for figure in figures_of(one, by_pandas)]


def kinds(real: Vectors | None) -> dict[str, float | None]:
    """How far from a real vector each lies, in its own length; None for clusters."""
    return {"clustered": None} | ({} if real is None else {"lifelike": 0.7, "scattered": 1.5})


def inventor(kind: str, real: Vectors | None) -> Invent:
    spread = kinds(real)[kind]
    if spread is None or real is None:
        centres = np.random.default_rng(7).standard_normal((2000, WIDTH), dtype=np.float32)
        return lambda count, seed: around(centres, 0.9 * np.eye(WIDTH, dtype=np.float32), count, seed)
    values, axes = np.linalg.eigh(np.cov(real.T))
    scatter = spread * (axes * np.sqrt(np.maximum(values, 0))).T  # (D, D): what real vectors differ by
    return lambda count, seed: around(real, scatter.astype(np.float32), count, seed)


def around(centres: Vectors, scatter: Vectors, count: int, seed: int) -> Vectors:
    """Unit vectors, each a centre and noise: a smoothed bootstrap of the centres."""
    rng = np.random.default_rng(seed)
    vectors = centres[rng.integers(len(centres), size=count)].astype(np.float32)
    vectors += rng.standard_normal((count, WIDTH), dtype=np.float32) @ scatter
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def measure_one(size: int, kind: str, real: Vectors | None) -> Found:
    limit_threads(1)
    faiss.omp_set_num_threads(1)
    invent = inventor(kind, real)
    queries = invent(QUERIES, 1)
    with tempfile.TemporaryDirectory() as folder:
        store, seconds = built(invent, size)
        store.snapshot(Path(folder) / "store")
        vectors = np.concatenate([invent(len(keys), seed) for keys, seed in blocks(size)])
        peers, build = peers_of(vectors, first=kind == "clustered")
        hot, mapped = alone_in_memory(Path(folder) / "store", queries)
        return compared(store, vectors, queries, peers, {OURS: seconds} | build, {OURS: hot}, mapped, kind)


def compared(
    store: Growing,
    vectors: Vectors,
    queries: Vectors,
    peers: Mapping[str, Any],
    build: Mapping[str, float],
    hot: dict[str, float],
    mapped: float,
    kind: str,
) -> Found:
    size = len(vectors)
    searches: dict[str, Search] = {OURS: lambda query: store.search(query[None], K)[0][0]}
    searches |= {name: search_of(name, peer) for name, peer in peers.items()}
    taken = take_turns(searches, queries)
    truth = nearest(queries, np.arange(size), vectors, K)
    recalls = {
        name: overlap((np.stack([search(query) for query in queries]), truth[1]), truth)
        for name, search in searches.items()
        if name != PANDAS
    }
    hot[FLAT] = size * WIDTH * 4 / 1e6
    if HNSW in peers:
        hot[HNSW] = peers[HNSW].index_file_size() / 1e6
    what = type(store.store).__name__.lower()
    return Found(size, kind, what, taken, recalls, hot, mapped, deleting(store, vectors, peers), build)


def built(invent: Invent, size: int) -> tuple[Growing, float]:
    """As pictures come: in blocks, changing over when it is time; CPU seconds of both threads together."""
    store, started = Growing(WIDTH), time.process_time()
    invented = 0.0
    for keys, seed in blocks(size):
        before = time.process_time()
        vectors = invent(len(keys), seed)
        invented += time.process_time() - before
        store.upsert(keys, vectors)
        store.settle()
    return store, time.process_time() - started - invented


def blocks(size: int) -> Iterable[tuple[Keys, int]]:
    """Keys and a seed."""
    return [(np.arange(start, min(start + BLOCK, size)), start + 2) for start in range(0, size, BLOCK)]


def peers_of(vectors: Vectors, first: bool) -> tuple[dict[str, Any], dict[str, float]]:
    """And the CPU seconds they took to build. What does not depend on the kind of vectors is built for the first."""
    peers: dict[str, Any] = {FLAT: faiss.IndexFlatIP(WIDTH)}
    peers[FLAT].add(vectors)
    if not first:
        return peers, {}
    if len(vectors) <= MOST_IN_PANDAS:
        peers[PANDAS] = pd.DataFrame({"file": np.arange(len(vectors)), "features": list(vectors)})
    if len(vectors) <= MOST_IN_HNSW and importlib.util.find_spec("hnswlib"):
        started = time.process_time()
        peers[HNSW] = hnsw(vectors)
        return peers, {HNSW: time.process_time() - started}
    return peers, {}


def hnsw(vectors: Vectors) -> Any:
    index = importlib.import_module("hnswlib").Index(space="ip", dim=WIDTH)
    index.init_index(max_elements=len(vectors), ef_construction=80, M=32)
    index.add_items(vectors, num_threads=1)
    index.set_ef(64)
    return index


def search_of(name: str, peer: Any) -> Search:
    if name == PANDAS:
        return lambda query: newsletters(peer, query)
    if name == HNSW:
        return lambda query: np.asarray(peer.knn_query(query[None], K, num_threads=1)[0][0], np.int64)
    return lambda query: np.asarray(peer.search(query[None], K)[1][0])


def newsletters(frame: pd.DataFrame, query: Vectors) -> Keys:
    """As the newsletter's notebook has it."""
    frame["similarity"] = frame.apply(lambda row: cosine(query, row["features"]), axis=1)
    return frame.sort_values("similarity", ascending=False).head(K)["file"].to_numpy()


def cosine(a: Vectors, b: Vectors) -> float:
    return float(np.sum(a * b.T) / (np.sqrt(np.sum(a * a)) * np.sqrt(np.sum(b * b))))


def take_turns(searches: Mapping[str, Search], queries: Vectors, slow: Collection[str] = (PANDAS,)) -> dict[str, float]:
    """Median CPU ms of a search; a busy machine is busy for all of them. A search each before does not count."""
    for search in searches.values():
        search(queries[-1])
    taken: dict[str, list[float]] = {name: [] for name in searches}
    for turn in range(ROUNDS):
        for name, search in searches.items():
            if name not in slow or turn % SELDOM == 0:
                taken[name].append(milliseconds(partial(search, queries[turn % len(queries)])))
    return {name: statistics.median(times) for name, times in taken.items()}


def milliseconds(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return (time.process_time() - started) * 1e3


def deleting(store: Growing, vectors: Vectors, peers: Mapping[str, Any]) -> dict[str, float]:
    """ms until one is gone, each of a few that are no longer found by the very next search."""
    keys = np.random.default_rng(3).choice(len(vectors), DELETED, replace=False)
    taken = []
    for key in keys:
        taken.append(milliseconds(partial(store.delete, np.array([key]))))
        assert key not in store.search(vectors[key][None], K)[0], "what was deleted is found"
    flat = [milliseconds(partial(peers[FLAT].remove_ids, np.array([key]))) for key in keys[:5]]
    ms = {OURS: statistics.median(taken), FLAT: statistics.median(flat)}
    if HNSW in peers:
        marked = [milliseconds(partial(peers[HNSW].mark_deleted, key)) for key in keys]
        ms[HNSW] = statistics.median(marked)
    return ms


def alone_in_memory(snapshot: Path, queries: Vectors) -> tuple[float, float]:
    """MB that a process grows by when it opens the store and searches: its own, and of the file that is mapped."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(grown_by, snapshot, queries).result()


def grown_by(snapshot: Path, queries: Vectors) -> tuple[float, float]:
    nearest(queries, np.arange(QUERIES), queries, K)  # what FAISS takes for itself
    before = resident()
    store = Growing.open(snapshot)
    for query in queries:
        store.search(query[None], K)
    own, file = (after - start for after, start in zip(resident(), before, strict=True))
    return own, file if isinstance(store.store, Large) else 0.0


def resident() -> tuple[float, float]:
    """MB of this process that are in RAM: its own, and of files. Linux only."""
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    own, file, memory = (int(lines[name].split()[0]) * 1024 / 1e6 for name in ("RssAnon", "RssFile", "RssShmem"))
    return own, file + memory  # where /tmp is memory


def figures_of(found: Found, by_pandas: Mapping[int, float]) -> list[Figure]:
    data = f"{found.size:,} {found.kind} vectors of {WIDTH}, invented"
    ms = dict(found.ms)
    if by_pandas and found.size > max(by_pandas) and found.kind == "clustered":
        ms[f"{PANDAS}, extrapolated from {max(by_pandas):,}"] = by_pandas[max(by_pandas)] * found.size / max(by_pandas)
    mapped = f"own memory; {found.mapped:.0f} MB more of a mapped file after {QUERIES} searches" if found.mapped else ""
    return [
        figure(f"CPU ms of a search for {K}", ms, data, f"ours is {found.store} at this size"),
        figure(f"recall@{K} of a search", found.recall, data, "against comparing with each"),
        figure("MB of RAM for searching", found.hot, data, mapped),
        figure("CPU ms until one is deleted", found.delete, data, "FAISS Flat by remove_ids, hnswlib by mark_deleted"),
        figure("CPU seconds to build", found.build, data, "ours as pictures come, changing over as it grows"),
    ]


def figure(metric: str, values: Mapping[str, float], data: str, note: str) -> Figure:
    others = {name: round(value, 4) for name, value in values.items() if name != OURS}
    return Figure(metric=metric, value=round(values[OURS], 4), data=data, baselines=others, note=note)
