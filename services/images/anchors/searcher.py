"""Anchors found by their vectors: one store a space, which follows what any process writes into the folder."""

import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from services.images.anchors.anchors import Anchors
from services.images.anchors.problems import problems
from services.images.anchors.records import Added, Anchor, New
from services.images.stores import Growing, Keys, Vectors
from services.images.stores.base import BLOCK, NOBODY
from shared.artifacts import ArtifactDamaged, ArtifactMissing, read_manifest, sync
from shared.database import connected, make_folder
from shared.problems import NotFound, Problem

log = logging.getLogger(__name__)

Match = tuple[Anchor, float]  # and its cosine

TRIES = 3  # of a search whose findings are removed under its hands


class Searcher:
    """For any number of threads. Once it is answered, what was added is found and what was removed is not."""

    def __init__(self, anchors: Anchors, spaces: Mapping[Any, int], model: str, anew: bool = False) -> None:
        """From the snapshots in `derived`, or `anew` from the database alone."""
        self.anchors, self.model = anchors, model
        self.derived = anchors.folder / "derived"
        if anew:
            shutil.rmtree(self.derived, ignore_errors=True)
        make_folder(self.derived)
        self.lock, self.rows = Lock(), connected(anchors.path)
        self.version, self.seq = -1, self.last_seq()
        self.saved = dict.fromkeys(spaces, -BLOCK)  # up to which change
        self.stores = {space: self.snapshot_of(space, width) for space, width in spaces.items()}
        self.reconcile()
        try:
            self.save(only_worth_it=True)
        except Problem as problem:  # the next start takes longer, that is all
            log.warning("no snapshots were made: %s", problem.detail)

    def search(self, space: str, vectors: Vectors, k: int, among: Keys | None = None) -> list[list[Match]]:
        """Of each of the (Q, D) `vectors` the `k` nearest anchors in the space, the most similar first."""
        for _ in range(TRIES):
            self.follow()
            keys, cosines = self.stores[space].search(vectors, k, among)
            wanted = np.unique(keys[keys != NOBODY]).tolist()
            there = self.anchors.by_keys(wanted)
            if len(there) == len(wanted):
                break
        return [
            [(there[key], cosine) for key, cosine in zip(*row, strict=True) if key in there]
            for row in zip(keys.tolist(), cosines.tolist(), strict=True)
        ]

    def vector(self, space: str, anchor: Anchor) -> Vectors:
        """(D,) as it was put in."""
        found = self.anchors.vectors(np.array([anchor.key]), self.model)
        if space not in found:
            raise NotFound(f"no vector of anchor {anchor.id} in the space {space}: it was removed, or is embedded anew")
        (vector,) = found[space][1]
        return np.asarray(vector)

    def vectors(self, space: str, anchors: Sequence[Anchor]) -> tuple[list[Anchor], Vectors]:
        """Those that can be found in the space, and their vectors, (N, D)."""
        self.follow()
        store, keys = self.stores[space], np.array([anchor.key for anchor in anchors], np.int64)
        there, vectors = store.read(keys)
        known = set(there.tolist())
        return [anchor for anchor in anchors if anchor.key in known], vectors

    def add(self, pictures: Sequence[New]) -> list[Added]:
        added = self.anchors.add(pictures, self.model)
        self.follow()
        return added

    def remove(self, ids: Sequence[str]) -> list[str]:
        gone = self.anchors.remove(ids)
        self.follow()
        return gone

    def follow(self) -> None:
        """Hears of what was written since, by whomever. Next to nothing when that is nothing."""
        with self.lock:
            version = self.rows.execute("PRAGMA data_version").fetchone()[0]
            if version == self.version:
                return
            try:
                self.catch_up()
                self.version = version
            except OSError:  # on a full disk what is coded already can still be found
                log.exception("what was added last cannot be found before %s can be written", self.derived)

    def catch_up(self) -> None:
        if changes := self.anchors.changes_since(self.seq):
            keys = np.unique([change.key for change in changes])
            for start in range(0, len(keys), BLOCK):
                self.apply(keys[start : start + BLOCK])
            self.seq = changes[-1].seq

    def apply(self, keys: Keys) -> None:
        """Brings the stores to what the database says of the keys."""
        there = self.anchors.by_keys(keys.tolist())
        gone = np.array([key for key in keys.tolist() if key not in there], np.int64)
        found = self.anchors.vectors(keys, self.model)
        for space, store in self.stores.items():
            store.delete(gone)
            if space in found:
                store.upsert(*found[space])

    def reconcile(self) -> None:
        """From a snapshot, or from nothing, to what the database says now."""
        self.follow()
        truth = self.anchors.keys(self.model)
        for store in self.stores.values():
            store.delete(np.setdiff1d(store.keys(), truth))
        missing = [np.setdiff1d(truth, store.keys()) for store in self.stores.values()]
        keys = np.unique(np.concatenate(missing))
        for start in range(0, len(keys), BLOCK):
            self.apply(keys[start : start + BLOCK])
            for store in self.stores.values():
                store.settle()  # or a million vectors would wait in RAM for the first thousands to be coded
        self.follow()

    @property
    def size(self) -> int:
        """How many anchors can be found."""
        return min((store.count() for store in self.stores.values()), default=0)

    def last_seq(self) -> int:
        seq: int = self.rows.execute("SELECT coalesce(max(seq), 0) FROM changes").fetchone()[0]
        return seq

    def save(self, only_worth_it: bool = False) -> None:
        """Snapshots of the stores, so that the next start need not build them; of small ones that takes no time."""
        with problems(self.derived):
            for space, store in self.stores.items():
                if not only_worth_it or (store.is_large and self.seq - self.saved[space] >= BLOCK):
                    self.save_space(space)

    def save_space(self, space: str) -> None:
        """The stamp comes last. What changed since it was read may be in the snapshot too: it is applied again."""
        path, seq = self.path(space), self.seq
        self.stores[space].snapshot(path)
        stamp = {"seq": seq, "mark": self.anchors.mark_of(seq), "manifest": read_manifest(path).sha256}
        temporary = self.stamp(space).with_suffix(".new")
        temporary.write_text(json.dumps(stamp))
        sync(temporary)
        temporary.replace(self.stamp(space))
        self.saved[space] = seq

    def path(self, space: str) -> Path:
        return self.derived / f"{space}-{self.model[:16]}"

    def stamp(self, space: str) -> Path:
        return self.derived / f"{space}-{self.model[:16]}.json"

    def snapshot_of(self, space: str, width: int) -> Growing:
        """As it was saved, when it is whole and of this database; else an empty one."""
        self.drop_others(space)
        try:
            stamp = json.loads(self.stamp(space).read_text())
            if stamp["manifest"] == read_manifest(self.path(space)).sha256 and self.is_ours(stamp):
                store = Growing.open(self.path(space), self.derived)
                self.saved[space] = stamp["seq"]
                self.seq = min(self.seq, stamp["seq"])
                return store
        except (OSError, ValueError, KeyError, ArtifactMissing, ArtifactDamaged) as error:
            log.info("the vectors of %s are read from the database (%s)", space, error)
        return Growing(width, self.derived)

    def is_ours(self, stamp: Mapping[str, object]) -> bool:
        seq = stamp["seq"]
        return isinstance(seq, int) and stamp["mark"] == self.anchors.mark_of(seq)

    def drop_others(self, space: str) -> None:
        """Snapshots of other models."""
        for path in self.derived.glob(f"{space}-*"):
            if path not in (self.path(space), self.stamp(space)):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def close(self) -> None:
        with self.lock:
            self.rows.close()
        self.anchors.close()
