"""Pictures to the vectors they are indexed and searched by: one path for the index, the service and the commands."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from services.images import copies, words
from services.images.backbones import backbone_of
from services.images.inference import inference
from services.images.model import EMBEDDING, Embedding, Siamese
from services.images.pixels import of_image, pixels
from services.images.sentences import Sentences
from services.images.settings import Settings
from services.images.spaces import Look, Space
from shared.artifacts import Manifest, verify
from shared.batching import Batcher, ModelMetrics
from shared.commands import CannotDo
from shared.device import choose, lanes, limit_threads, training_threads
from shared.tensors import load_tensors

Vectors = NDArray[np.float32]
Forward = Callable[[Tensor], Tensor]

MODEL, SENTENCES, CLASSES = "model.safetensors", "sentences", "classes.safetensors"  # files of a trained model

NEEDED = {"backbone", "scope", "adopted", "calibration", "identities", "attribution", "weights_licence", "loss"}

TOGETHER = 8  # pictures in a pass of many; on a processor more only fill the caches
ON_GPU = 64


@dataclass(frozen=True)
class Seen:
    """What a picture is indexed by, and where in it that comes from."""

    vectors: Mapping[Space, Vectors]  # (D,) each
    cells: Mapping[Look, Tensor]  # (C, H, W) each: their mean, through a linear head, is the vector before normalising


class Embedder:
    """The network as it is served. Any number of threads may ask; those that ask at once go through it together."""

    def __init__(
        self,
        network: Siamese,
        sentences: Sentences,
        class_vectors: Tensor,
        sha256: str,
        device: str,
        metrics: ModelMetrics,
        settings: Settings,
    ) -> None:
        self.network, self.sentences, self.sha256, self.device = network, sentences, sha256, device
        self.backbone, self.metrics = network.backbone, metrics
        self.max_pixels, self.engine = settings.max_pixels, settings.engine
        self.trunk = self.part(network.trunk)
        self.tops: dict[Look, Forward] = {"general": self.part(network.general.top)}
        shared = network.adapted.top is network.general.top  # where only a head was trained
        self.tops["adapted"] = self.tops["general"] if shared else self.part(network.adapted.top)
        self.classes = words.ClassVectors(network.classifier, class_vectors.to(device))
        self.batcher = Batcher[Tensor, Seen](
            self.run,
            kind=lambda picture: None,
            most=lambda picture: self.together,
            lanes=lanes(device, settings.threads),
            model=self.name,
            metrics=metrics,
        )

    @classmethod
    def load(cls, settings: Settings, metrics: ModelMetrics | None = None) -> "Embedder":
        limit_threads(settings.threads)
        folder, manifest = settings.artifacts, verify(settings.artifacts)
        network = network_of(folder, manifest)
        return cls.of(network, folder, manifest.sha256, metrics or ModelMetrics(settings.name), settings)

    @classmethod
    def of(cls, network: Siamese, folder: Path, sha256: str, metrics: ModelMetrics, settings: Settings) -> "Embedder":
        """With the sentences in `folder`, where the network is or will be."""
        device = str(choose(settings.device))
        (class_vectors,) = load_tensors(folder / CLASSES).values()
        sentences = Sentences(folder / SENTENCES)
        return cls(network.for_inference().to(device), sentences, class_vectors, sha256, device, metrics, settings)

    @property
    def name(self) -> str:
        return f"{self.backbone.title.lower()}-{EMBEDDING}"

    @property
    def together(self) -> int:
        return TOGETHER if self.device == "cpu" else ON_GPU

    def part(self, module: torch.nn.Module) -> Forward:
        return inference(module, self.engine, torch.device(self.device))

    def read(self, raw: bytes) -> Tensor:
        """A file as (3, S, S), uint8: all that the network, and the hash of the copies, will know of it."""
        return pixels(raw, self.max_pixels, self.backbone.side)

    def prepare(self, image: Image.Image) -> Tensor:
        """The same of a picture that is no file, such as a part of one."""
        return of_image(image, self.backbone.side)

    def see(self, picture: Tensor) -> Seen:
        return self.batcher(picture)

    def run(self, pictures: Sequence[Tensor]) -> list[Seen]:
        with torch.inference_mode():
            return self.forward(torch.stack(list(pictures)).to(self.device))

    def forward(self, pictures: Tensor) -> list[Seen]:
        """(N, 3, S, S), uint8."""
        maps = self.trunk(self.backbone.scaled(pictures))
        cells: dict[Look, Tensor] = {"general": self.tops["general"](maps)}  # (N, C, H, W)
        same = self.tops["adapted"] is self.tops["general"]
        cells["adapted"] = cells["general"] if same else self.tops["adapted"](maps)
        pooled = {look: several.mean((2, 3)) for look, several in cells.items()}
        general = self.network.general.project(pooled["general"])
        vectors: dict[Space, Tensor] = {
            "general": general,
            "adapted": self.network.adapted.project(pooled["adapted"]),
            "words": self.classes(pooled["general"]),
            "copies": copies.vectors(general, copies.thumbnails(pictures)),
        }
        arrays = {space: several.float().cpu().numpy() for space, several in vectors.items()}
        return [
            Seen(
                {space: several[row] for space, several in arrays.items()}, {look: c[row] for look, c in cells.items()}
            )
            for row in range(len(pictures))
        ]

    def head(self, look: Look) -> tuple[Tensor, Tensor]:
        """Weight (256, C) and bias (256,) of the linear head."""
        embedding: Embedding = getattr(self.network, look)
        return embedding.head.weight.detach(), embedding.head.bias.detach()

    def see_many(self, pictures: Iterable[Tensor]) -> Iterator[Seen]:
        """In order: small batches on all cores, no more pictures in memory than are in work."""
        pictures = iter(pictures)
        workers = training_threads() if self.device == "cpu" else 1
        with ThreadPoolExecutor(workers, initializer=limit_threads, initargs=(1,)) as pool:
            while some := list(islice(pictures, workers * self.together)):
                batches = [some[start : start + self.together] for start in range(0, len(some), self.together)]
                for several in pool.map(self.run, batches):
                    yield from several

    def named(self, seen: Sequence[Seen], names: Sequence[str]) -> list[dict[Space, Vectors]]:
        """What each picture is indexed by: the vectors it has, that of the words with what its name says."""
        if not seen:
            return []
        pictures = torch.from_numpy(np.stack([one.vectors["words"] for one in seen]))
        together = words.with_names(pictures, names, self.sentences).numpy()
        return [{**one.vectors, "words": vector} for one, vector in zip(seen, together, strict=True)]

    def asked(self, text: str) -> Vectors:
        """(384,)"""
        vector: Vectors = words.asked(text, self.sentences).numpy()
        return vector


def network_of(folder: Path, manifest: Manifest) -> Siamese:
    """The trained network in a folder of artifacts, on the processor."""
    if missing := sorted(NEEDED - set(manifest.config)):
        raise CannotDo(f"{folder} was made by another version (no {', '.join(missing)} in it): train anew")
    scope: Any = manifest.config["scope"]
    network = Siamese(backbone_of(str(manifest.config["backbone"]), scope))
    if scope == "head":
        network.adapted.top = network.general.top
    network.load_state_dict(load_tensors(folder / MODEL))
    return network
