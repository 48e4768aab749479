"""The anchors that training brings along, and what must be embedded anew when another model is served."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from services.images.anchors import Anchor, Anchors, Picture
from services.images.embedder import Embedder, Vectors
from services.images.spaces import Space
from shared.problems import Problem
from shared.tensors import load_tensors, save_tensors

log = logging.getLogger(__name__)

TABLE, VECTORS, FILES = "anchors.json", "anchors.safetensors", "anchors"
MAP = "map.safetensors"
TOGETHER = 64  # pictures whose new vectors are written in one transaction


def write_defaults(folder: Path, pictures: Sequence[Picture], vectors: Mapping[Space, Vectors]) -> None:
    """Beside the model: what is known of each picture, and its vectors, (N, D) a space. Their files lie in FILES."""
    (folder / TABLE).write_text(json.dumps([asdict(picture) for picture in pictures], indent=1))
    save_tensors(folder / VECTORS, {space: torch.from_numpy(several) for space, several in vectors.items()})


def import_defaults(anchors: Anchors, folder: Path, model: str) -> None:
    """Into the index, once a model; what people removed stays removed."""
    pictures = [Picture(**row) for row in json.loads((folder / TABLE).read_text())]
    vectors = {space: several.numpy() for space, several in load_tensors(folder / VECTORS).items()}
    anchors.import_defaults(pictures, vectors, model)


def renew(anchors: Anchors, embedder: Embedder) -> None:
    """Embeds what another model embedded. Until then it is in the lists, and no search finds it."""
    stale = anchors.stale(embedder.sha256)
    for start in range(0, len(stale), TOGETHER):
        log.info("embedding anew, for another model is served: %d of %d", start, len(stale))
        read = [(anchor, readable(anchors, anchor, embedder)) for anchor in stale[start : start + TOGETHER]]
        some = [(anchor, pixels) for anchor, pixels in read if pixels is not None]
        seen = list(embedder.see_many(pixels for _, pixels in some))
        named = embedder.named(seen, [anchor.name for anchor, _ in some])
        anchors.renew({anchor.key: one for (anchor, _), one in zip(some, named, strict=True)}, embedder.sha256)


def readable(anchors: Anchors, anchor: Anchor, embedder: Embedder) -> Tensor | None:
    """Its pixels; none where the file cannot be read any more, which is said."""
    try:
        return embedder.read(anchors.bytes_of(anchor))
    except Problem as problem:
        log.warning("anchor %s (%s) cannot be embedded anew: %s", anchor.id, anchor.file, problem.detail)
        return None
