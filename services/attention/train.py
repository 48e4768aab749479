"""Lays MiniLM's and E5's weights out under the names of our own encoder, in artifacts/attention, and draws the toy's.

No weight changes here: both were trained by their authors. A service's artifacts come from its train command all the
same, so that every service is made in the same two steps. The toy is small enough to be redone by hand, and untrained.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from shutil import copyfile
from typing import Any

import torch
from torch import Tensor

from services.attention.features import load_tokenizer
from services.attention.model import Config, Encoder, encoder_of
from services.attention.reference import difference_from_torch
from services.attention.settings import Settings
from shared import __version__
from shared.artifacts import Manifest, make, verify
from shared.commands import run
from shared.engine import Figure
from shared.tensors import load_tensors, save_tensors

COMMAND = "python -m services.attention.train"
SEED = 0
# The newsletter's own sizes, d = 5 and d_k = 3; two heads and two layers, so that there is something to compare.
TOY = Config(
    paper=True,
    vocabulary=10_000,
    positions=512,
    segments=0,
    layers=2,
    heads=2,
    width=5,
    head_width=3,
    hidden=20,
    epsilon=1e-5,
)


@dataclass(frozen=True)
class Source:
    """What a checkpoint of others does not say about itself."""

    languages: list[str]  # BCP 47
    prefix: str = ""  # read before every sentence that is to be compared


# By E5's model card; they are XLM-R's.
E5_LANGUAGES = (
    "ko en af am ar as az be bg bn br bs ca cs cy da de el eo es et eu fa fi fr fy ga gd gl gu ha he hi hr hu hy id is "
    "it ja jv ka kk km kn ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps pt ro ru sa sd si sk sl so sq "
    "sr su sv sw ta te th tl tr ug uk ur uz vi xh yi zh"
)
SOURCES = {"minilm": Source(["en"]), "e5": Source(E5_LANGUAGES.split(), prefix="query: ")}
# What the vocabularies call the token that stands for a hidden word: BERT's, XLM-R's.
MASKS = ("[MASK]", "<mask>")

# Our name of each part of BERT, of the whole model and of one layer.
EMBEDDING = {
    "embeddings.word_embeddings": "embedding.token",
    "embeddings.position_embeddings": "embedding.position",
    "embeddings.token_type_embeddings": "embedding.segment",
    "embeddings.LayerNorm": "embedding.norm",
}
LAYER = {
    "attention.self.query": "attention.query",
    "attention.self.key": "attention.key",
    "attention.self.value": "attention.value",
    "attention.output.dense": "attention.output",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "expand",
    "output.dense": "contract",
    "output.LayerNorm": "forward_norm",
}


def our_config(bert: dict[str, Any]) -> Config:
    """The sizes in a Hugging Face `config.json` of a BERT."""
    return Config(
        vocabulary=bert["vocab_size"],
        positions=bert["max_position_embeddings"],
        segments=bert["type_vocab_size"],
        layers=bert["num_hidden_layers"],
        heads=bert["num_attention_heads"],
        width=bert["hidden_size"],
        head_width=bert["hidden_size"] // bert["num_attention_heads"],
        hidden=bert["intermediate_size"],
        epsilon=bert["layer_norm_eps"],
    )


def our_weights(bert: dict[str, Tensor], layers: int) -> dict[str, Tensor]:
    """BERT's tensors under our names. Its pooler is left behind: it comes after the last attention."""
    parts = dict(EMBEDDING)
    for layer in range(layers):
        parts |= {f"encoder.layer.{layer}.{theirs}": f"layers.{layer}.{ours}" for theirs, ours in LAYER.items()}
    names = {name: name.rpartition(".") for name in bert}
    return {f"{parts[part]}.{leaf}": bert[name] for name, (part, _, leaf) in names.items() if part in parts}


def lay_out(source: Path, target: Path, languages: list[str], prefix: str = "") -> Encoder:
    """The checkpoint in the folder `source` as a model of ours; fails when a weight is missing or left over."""
    config = our_config(json.loads((source / "config.json").read_text()))
    weights = our_weights(load_tensors(source / "model.safetensors"), config.layers)
    encoder = encoder_of(config, weights)
    described = {"languages": languages, "prefix": prefix, "mask_id": mask_of(source / "tokenizer.json")}
    write(target, config, weights, described)
    copyfile(source / "tokenizer.json", target / "tokenizer.json")
    return encoder


def mask_of(file: Path) -> int | None:
    """The number of a tokenizer's mask token, when it has one."""
    tokenizer = load_tokenizer(file)
    return next((number for number in map(tokenizer.token_to_id, MASKS) if number is not None), None)


def write(target: Path, config: Config, weights: dict[str, Tensor], described: dict[str, Any]) -> None:
    target.mkdir()
    whole = {**described, "encoder": asdict(config)}
    (target / "config.json").write_text(json.dumps(whole, indent=1) + "\n")
    save_tensors(target / "model.safetensors", weights)


def draw_toy(target: Path) -> None:
    """A model of nobody's: words are numbered by a hash instead of a vocabulary, see features.py."""
    described: dict[str, Any] = {
        "languages": ["und"],
        "prefix": "",
        "mask_id": None,
    }
    write(target, TOY, toy_weights(SEED), described)


def toy_weights(seed: int) -> dict[str, Tensor]:
    """Normal, rounded to 2 decimals so that they can be copied by hand; a norm scales by 1 and adds 0."""
    with torch.device("meta"):
        empty = Encoder(TOY).state_dict()
    generator = torch.Generator().manual_seed(seed)
    return {name: drawn(name, like.shape, generator) for name, like in empty.items()}


def drawn(name: str, shape: torch.Size, generator: torch.Generator) -> Tensor:
    """A matrix of deviation 1 / sqrt(its inputs), which keeps the variance of what it multiplies; a bias of 0.1."""
    if "norm" in name:
        return torch.ones(shape) if name.endswith("weight") else torch.zeros(shape)
    scale = 0.1 if name.endswith("bias") else shape[-1] ** -0.5
    return (torch.randn(shape, generator=generator) * scale).round(decimals=2)


def manifest(sources: dict[str, Manifest]) -> Manifest:
    return Manifest(
        service="attention",
        version=__version__,
        data="; ".join([*(source.data for source in sources.values()), "toy: drawn by the seed"]),
        command=COMMAND,
        seed=SEED,
        config={name: source.sha256 for name, source in sources.items()},
    )


def fill(data: Path, work: Path) -> list[Figure]:
    draw_toy(work / "toy")
    return [fill_one(name, source, data / name, work / name) for name, source in SOURCES.items()]


def fill_one(name: str, source: Source, data: Path, target: Path) -> Figure:
    print(f"laying out {name}", file=sys.stderr)
    encoder = lay_out(data, target, source.languages, source.prefix)
    return Figure(
        metric=f"{name}: largest difference in a hidden state",
        value=difference_from_torch(encoder),
        data="32 tokens drawn by chance, seed 0, all layers",
        note="from torch.nn.TransformerEncoderLayer with the same weights, float32; the goal is 1e-5",
    )


def train(data: Path, artifacts: Path, force: bool = False) -> None:
    """Write `artifacts` whole, or leave it as it was."""
    sources = {name: verify(data / name) for name in SOURCES}
    make(artifacts, manifest(sources), partial(fill, data), force)


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--force", action="store_true", help="lay out again what is already there")
    asked, settings = parser.parse_args(), Settings()
    train(settings.data, settings.artifacts, asked.force)


if __name__ == "__main__":
    run(main)
