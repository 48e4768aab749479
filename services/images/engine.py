"""Loads what train.py wrote and finds the anchors that look most like a picture; knows nothing of HTTP."""

import io
from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
import torch
from PIL import Image

from services.images.features import SIDE, decode, to_batch
from services.images.index import Row, Vectors, VectorStore, read_table
from services.images.model import Siamese
from services.images.schemas import Anchor, AnchorPage, AnchorsRequest, Match, Matches
from services.images.settings import Settings
from services.images.sheet import contact_sheet
from shared.artifacts import Manifest, verify
from shared.cards import card_of
from shared.device import choose, limit_threads
from shared.engine import Card
from shared.figures import picture
from shared.problems import NotFound, Unprocessable
from shared.tensors import load_tensors

MODEL = "efficientnet-lite0-256"
THUMBNAIL = 96  # pixels


class Engine:
    def __init__(
        self,
        settings: Settings,
        manifest: Manifest,
        folder: Path,
        network: Siamese,
        store: VectorStore,
        rows: list[Row],
    ) -> None:
        self.settings, self.manifest, self.folder = settings, manifest, folder
        self.network, self.store, self.rows = network, store, rows
        self.by_id = {row.id: row for row in rows}
        self.device = str(next(network.parameters()).device)
        self.sha256 = manifest.sha256
        self.collectors: tuple[()] = ()
        self.attribution = str(manifest.config["attribution"])

    @classmethod
    def load(cls, settings: Settings) -> "Engine":
        limit_threads(settings.threads)
        faiss.omp_set_num_threads(settings.threads)
        folder = settings.artifacts
        manifest = verify(folder)
        network = Siamese()
        network.load_state_dict(load_tensors(folder / "model.safetensors"))
        network.for_inference().to(choose(settings.device))
        rows = read_table(folder / "anchors.json")
        store = VectorStore.load([row.id for row in rows], folder / "index.faiss")
        return cls(settings, manifest, folder, network, store, rows)

    def card(self) -> Card:
        splits = [row.split for row in self.rows]
        return card_of(
            self.manifest,
            self.folder,
            self.device,
            summary="Finds the pictures that look most like yours.",
            task="One embedding for a picture and its look-alike (line art of a colour pictograph), by triplet loss",
            licence=f"Pictures: {self.attribution}. Backbone: EfficientNet-Lite0 weights, Apache-2.0.",
            sizes={
                "parameters": sum(parameter.numel() for parameter in self.network.parameters()),
                "embedding": self.store.index.d,
                "anchors": self.store.count(),
                "identities trained on": splits.count("train"),
                "identities that chose when to stop": splits.count("validation"),
                "identities never seen": splits.count("unseen"),
            },
            limits=[
                "There is always a most similar anchor, also for a picture that resembles none of them.",
                "The cosine ranks; it is no probability that two pictures show the same thing.",
                "The head was trained on pictographs and their outlines; on photographs it is not measured.",
                "Twenty-four clock faces and many smileys differ by less than the turn their line art is given.",
            ],
        )

    def examples(self) -> dict[str, object]:
        return {"anchor_id": self.rows[0].id}

    def embed(self, images: Sequence[Image.Image]) -> Vectors:
        """(N, 256), unit length: the network that indexed the anchors, on pictures prepared as they were."""
        with torch.inference_mode():
            vectors: Vectors = self.network(to_batch(images).to(self.device)).cpu().numpy()
        return vectors

    def search(self, raw: bytes, k: int) -> Matches:
        self.check_k(k)
        return self.matches(decode(raw, self.settings.max_pixels), k)

    def matches(self, image: Image.Image, k: int) -> Matches:
        return self.nearest(self.embed([image]), k)

    def similar(self, anchor_id: str, k: int) -> Matches:
        """Itself first, as it is its own most similar picture."""
        self.check_k(k)
        return self.nearest(self.store.get(self.row(anchor_id).id)[None], k)

    def nearest(self, vector: Vectors, k: int) -> Matches:
        (ids,), (cosines,) = self.store.search(vector, k)
        matches = [
            Match(**self.anchor(id_).model_dump(), similarity=rounded(cosine))
            for id_, cosine in zip(ids, cosines, strict=True)
        ]
        return Matches(matches=matches, model=MODEL, index_size=self.store.count(), attribution=self.attribution)

    def sheet(self, raw: bytes, k: int) -> bytes:
        """The contact sheet of a search, as PNG."""
        if k > self.settings.max_sheet:
            raise Unprocessable(f"k is {k}: a contact sheet shows 1 to {self.settings.max_sheet}; as JSON you get more")
        self.check_k(k)
        query = decode(raw, self.settings.max_pixels)
        matches = self.matches(query, k).matches
        tiles = [(self.open(match.id), f"{match.name}\n{match.file}  {match.similarity:.3f}") for match in matches]
        return picture(contact_sheet(query.resize((SIDE, SIDE)), tiles, self.attribution), "png")

    def check_k(self, k: int) -> None:
        if not 1 <= k <= self.store.count():
            raise Unprocessable(f"k is {k}: the index can answer with 1 to {self.store.count()} anchors")

    def anchors(self, asked: AnchorsRequest) -> AnchorPage:
        """Those whose name or file contains the query, in the order of the index."""
        wanted = asked.query.casefold()
        found = [row for row in self.rows if wanted in f"{row.name}\n{row.file}".casefold()]
        items = [self.anchor(row.id) for row in found[asked.window]]
        return AnchorPage(
            items=items, total=len(found), limit=asked.limit, offset=asked.offset, attribution=self.attribution
        )

    def anchor(self, anchor_id: str) -> Anchor:
        row, url = self.row(anchor_id), f"/images/anchors/{anchor_id}"
        return Anchor(
            id=row.id,
            file=row.file,
            name=row.name,
            sha256=row.sha256,
            url=f"{url}/file",
            thumbnail_url=f"{url}/thumbnail",
        )

    def row(self, anchor_id: str) -> Row:
        row = self.by_id.get(anchor_id)
        if row is None:
            raise NotFound(f"no anchor {anchor_id}: there are {len(self.rows)}, listed at /images/anchors")
        return row

    def path(self, anchor_id: str) -> Path:
        return self.folder / "anchors" / f"{anchor_id}{Path(self.row(anchor_id).file).suffix}"

    def open(self, anchor_id: str) -> Image.Image:
        return decode(self.path(anchor_id).read_bytes(), self.settings.max_pixels)

    def thumbnail(self, anchor_id: str) -> bytes:
        """A PNG that fits into 96 x 96."""
        image = self.open(anchor_id)
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        return buffer.getvalue()


def rounded(cosine: np.float32) -> float:
    """Four decimals; float32 may end a hair beyond ±1."""
    return round(float(np.clip(cosine, -1, 1)), 4)
