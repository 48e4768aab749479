"""Stores a few outputs of transformers' BertModel, so that parity is tested where transformers is not installed."""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from services.attention.features import Tokens, batch, load_tokenizer, tokenise
from services.attention.settings import Settings
from services.attention.train import SOURCES
from shared.artifacts import verify
from shared.commands import run

COMMAND = "python -m services.attention.record"
REFERENCES = Path(__file__).parents[2] / "tests" / "attention" / "references"
TEXTS: list[tuple[str, str | None]] = [
    ("when you play the game of thrones", None),
    ("the train left the station on time", None),
    ("I opened an account at the bank", "the bank of the river"),
    ("기차가 역을 제시간에 떠났다", None),
    ("은행에서 계좌를 만들고", "강가를 걸었다"),
]
HEADS = ((0, 4), (-1, 7))  # (layer, head) stored whole, one of the first and one of the last layer


def load_reference(folder: Path) -> Any:
    """transformers' own model with the same weights, its attention computed step by step ("eager") like ours."""
    from transformers import BertModel  # only the people who evaluate need it

    reference: Any = BertModel.from_pretrained(str(folder), attn_implementation="eager", add_pooling_layer=False)
    return reference.eval()


@torch.inference_mode()
def reference_pass(reference: Any, tokens: Tokens) -> tuple[Tensor, Tensor]:
    """The last hidden state (T, D) and the attention of all layers (L, H, T, T)."""
    one = batch([tokens])
    out = reference(input_ids=one.ids, token_type_ids=one.types, output_attentions=True)
    return out.last_hidden_state[0], torch.stack(out.attentions)[:, 0]


def excerpt(hidden: NDArray[np.float32], attention: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """What is kept of a last hidden state (T, D) and an attention (L, H, T, T); their mean over queries is of all."""
    return {
        "hidden": hidden[[0, len(hidden) // 2, -1], ::8],  # (3, D / 8)
        "heads": np.stack([attention[layer, head] for layer, head in HEADS]),  # (2, T, T)
        "received": attention.mean(axis=2),  # (L, H, T): how much each token is looked at
    }


def outputs(reference: Any, tokens: Tokens) -> dict[str, NDArray[Any]]:
    hidden, attention = reference_pass(reference, tokens)
    return {"ids": np.array(tokens.ids, np.int32), **excerpt(hidden.numpy(), attention.numpy())}


def record(data: Path, file: Path) -> None:
    """One .npz, its arrays named by the number of the text: 0_ids, 0_hidden, ...; the same bytes each time."""
    verify(data)
    reference, tokenizer = load_reference(data), load_tokenizer(data / "tokenizer.json")
    arrays = {
        f"{number}_{name}": array
        for number, (text, pair) in enumerate(TEXTS)
        for name, array in outputs(reference, tokenise(tokenizer, text, pair)).items()
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(file, allow_pickle=False, **arrays)


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.parse_args()
    for name in tqdm(SOURCES, desc="recording"):
        record(Settings().data / name, REFERENCES / f"{name}.npz")


if __name__ == "__main__":
    run(main)
