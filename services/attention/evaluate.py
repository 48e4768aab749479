"""Measures how far our encoder is from transformers' BertModel, over fixed sentences, into the model card."""

import argparse
import importlib.util
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from services.attention.engine import Engine
from services.attention.settings import Settings
from shared.cards import publish
from shared.commands import CannotDo, run
from shared.engine import Figure

COMMAND = "python -m services.attention.evaluate"
SENTENCES: list[tuple[str, str | None]] = [
    ("when you play the game of thrones", None),
    ("the train left the station on time", None),
    ("I opened an account at the bank and walked along the bank of the river", None),
    ("I opened an account at the bank", "the bank of the river"),
    ("기차가 역을 제시간에 떠났다", None),
    ("yes", None),
    ("Attention lets every word look at every other word, and a long text has many of them. " * 26, None),
]


def load_reference(folder: str) -> Any:
    """transformers' own model with the same weights, its attention computed step by step ("eager") like ours."""
    from transformers import BertModel  # only the people who evaluate need it

    reference: Any = BertModel.from_pretrained(folder, attn_implementation="eager")
    return reference.eval()


@torch.inference_mode()
def reference_pass(reference: Any, ids: list[int], segments: list[int]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The last hidden state (1, T, D) and the attention of each layer (1, H, T, T)."""
    inputs = {"input_ids": torch.tensor([ids]), "token_type_ids": torch.tensor([segments])}
    out = reference(**inputs, output_attentions=True)
    return out.last_hidden_state, out.attentions


def differences(engine: Engine, reference: Any) -> Iterator[tuple[float, float]]:
    """For each sentence the largest difference in any attention weight, and in the last hidden state."""
    model = engine.model("minilm")
    for text, pair in tqdm(SENTENCES, desc="comparing"):
        tokens = engine.tokens(model, text, pair)
        hidden, attentions = reference_pass(reference, tokens.ids, tokens.segments)
        ours = engine.encode(model, tokens)
        pairs = zip(ours.attentions, attentions, strict=True)
        yield (
            max(float((a.cpu() - b).abs().max()) for a, b in pairs),
            float((ours.hidden[-1].cpu() - hidden).abs().max()),
        )


def parity(engine: Engine, reference: Any) -> list[Figure]:
    attention, hidden = zip(*differences(engine, reference), strict=True)
    data = f"{len(SENTENCES)} fixed texts of 3 to 496 tokens, all layers and heads"
    note = "largest absolute difference from transformers' BertModel (eager), same weights, float32; the goal is 1e-5"
    return [
        Figure(metric="largest difference in an attention weight", value=max(attention), data=data, note=note),
        Figure(metric="largest difference in the last hidden state", value=max(hidden), data=data, note=note),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked = parser.parse_args()
    if importlib.util.find_spec("transformers") is None:
        raise CannotDo("transformers is not installed: `pip install --group peers` brings what we compare with")
    settings = Settings()
    figures = parity(Engine.load(settings), load_reference(str(settings.data / "minilm")))
    publish(settings.artifacts, figures, asked.json)


if __name__ == "__main__":
    run(main)
