"""Lays MiniLM's weights out under the names of our own encoder, in artifacts/attention. No weight changes here.

MiniLM was trained by its authors. A service's artifacts come from its train command all the same, so that every service
is made in the same two steps.
"""

import argparse
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from shutil import copyfile
from typing import Any

from pydantic import JsonValue
from torch import Tensor

from services.attention.model import Config, Encoder
from services.attention.reference import difference_from_torch
from services.attention.settings import Settings
from shared import __version__
from shared.artifacts import Manifest, make, verify
from shared.commands import run
from shared.engine import Figure
from shared.tensors import load_tensors, save_tensors

COMMAND = "python -m services.attention.train"

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


def lay_out(source: Path, target: Path, languages: list[str]) -> Encoder:
    """The checkpoint in the folder `source` as a model of ours; fails when a weight is missing or left over."""
    config = our_config(json.loads((source / "config.json").read_text()))
    weights = our_weights(load_tensors(source / "model.safetensors"), config.layers)
    encoder = Encoder(config)
    encoder.load_state_dict(weights)
    target.mkdir()
    described = {"kind": "encoder", "languages": languages, "encoder": asdict(config)}
    (target / "config.json").write_text(json.dumps(described, indent=1) + "\n")
    save_tensors(target / "model.safetensors", weights)
    copyfile(source / "tokenizer.json", target / "tokenizer.json")
    return encoder


def manifest(source: Manifest) -> Manifest:
    config: dict[str, JsonValue] = {"minilm": source.sha256}
    return Manifest(service="attention", version=__version__, data=source.data, command=COMMAND, config=config)


def fill(source: Path, work: Path) -> list[Figure]:
    encoder = lay_out(source, work / "minilm", languages=["en"])
    return [
        Figure(
            metric="largest difference in a hidden state",
            value=difference_from_torch(encoder),
            data="32 tokens drawn by chance, seed 0, all layers",
            note="from torch.nn.TransformerEncoderLayer with the same weights, float32; the goal is 1e-5",
        )
    ]


def train(data: Path, artifacts: Path, force: bool = False) -> None:
    """Write `artifacts` whole, or leave it as it was."""
    source = data / "minilm"
    make(artifacts, manifest(verify(source)), partial(fill, source), force)


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--force", action="store_true", help="lay out again what is already there")
    asked, settings = parser.parse_args(), Settings()
    train(settings.data, settings.artifacts, asked.force)


if __name__ == "__main__":
    run(main)
