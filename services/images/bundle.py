"""What a training leaves for serving: the network, the words, and the anchors with their vectors."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from services.images.anchors import Picture, picture_of
from services.images.defaults import FILES, MAP, write_defaults
from services.images.embedder import CLASSES, MODEL, SENTENCES, Embedder
from services.images.features import decode, format_of
from services.images.model import Siamese
from services.images.projection import fit
from services.images.sentences import Sentences
from services.images.settings import Settings
from services.images.spaces import Look
from services.images.words import class_vectors
from shared.batching import ModelMetrics
from shared.tensors import save_tensors

UNSERVED = "being trained"  # stands where the sum of a manifest will


class Named(NamedTuple):
    """A picture file, and what it shows."""

    path: Path
    name: str


def write_network(folder: Path, network: Siamese, sentences: Path) -> None:
    """The weights, and what searches by words need: MiniLM, and what it says of ImageNet's class names."""
    weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}  # tops may be one
    save_tensors(folder / MODEL, weights)
    shutil.copytree(sentences, folder / SENTENCES)
    save_tensors(folder / CLASSES, {"names": class_vectors(Sentences(folder / SENTENCES))})


def write_anchors(folder: Path, network: Siamese, anchors: Sequence[Named], look: Look, settings: Settings) -> None:
    """The pictures, their vectors by the code that will answer, and their map; a file that is there twice is one."""
    embedder = Embedder.of(network, folder, UNSERVED, ModelMetrics(settings.name), settings)
    (folder / FILES).mkdir()
    pictures = {picture.id: picture for picture in (kept(anchor, folder / FILES, settings) for anchor in anchors)}
    rows = list(pictures.values())
    files = (embedder.read((folder / FILES / row.stored_as).read_bytes()) for row in rows)
    seen = list(tqdm(embedder.see_many(files), "indexing", len(rows), unit="picture"))
    vectors = embedder.named(seen, [row.name for row in rows])
    spaces = list(vectors[0])
    stacked = {space: np.stack([one[space] for one in vectors]) for space in spaces}
    write_defaults(folder, rows, stacked)
    map_ = fit(torch.from_numpy(stacked[look]))
    save_tensors(folder / MAP, {"landmarks": map_.landmarks, "places": map_.places})


def kept(anchor: Named, folder: Path, settings: Settings) -> Picture:
    """Copied under the name of its content, for data/ will not be there when it is served."""
    raw = anchor.path.read_bytes()
    image, media = decode(raw, settings.max_pixels), f"image/{str(format_of(raw)).lower()}"
    picture = picture_of(raw, image, anchor.path.name, anchor.name, media)
    (folder / picture.stored_as).write_bytes(raw)
    return picture
