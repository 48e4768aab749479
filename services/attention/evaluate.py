"""Measures how far our encoder is from transformers' BertModel, over fixed texts, into the model card."""

import argparse
import importlib.util
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from tqdm import tqdm

from services.attention.engine import Engine
from services.attention.features import Tokens, batch
from services.attention.models import OwnModel
from services.attention.record import load_reference, reference_pass
from services.attention.settings import Settings
from services.attention.train import SOURCES
from shared.cards import publish, refuse_other_data
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
    ("Attention lets every word look at every other word, and a long text has many of them. " * 25, None),
]


class Difference(NamedTuple):
    """The largest differences over one text."""

    tokens: int
    attention: float
    hidden: float


@torch.inference_mode()
def step_by_step(model: OwnModel, tokens: Tokens) -> tuple[Tensor, Tensor]:
    one = batch([tokens], model.device)
    encoding = model.encoder(one.ids, one.types)
    return encoding.hidden[-1][0].cpu(), torch.stack(encoding.attentions)[:, 0].cpu()


def served(model: OwnModel, tokens: Tokens) -> tuple[Tensor, Tensor]:
    look = model.look(tokens, hidden=True)
    assert look.hidden is not None
    return look.hidden[-1].cpu(), look.attention.cpu()


def differences(engine: Engine, name: str, reference: Any) -> Iterator[Difference]:
    """For each text, of the encoder that the trace shows and of the fast one that answers the rest."""
    model = engine.own(name)
    for text, pair in tqdm(SENTENCES, desc=f"comparing {name}"):
        tokens = engine.tokens(model, text, pair)
        hidden, attention = reference_pass(reference, tokens)
        both = (step_by_step(model, tokens), served(model, tokens))
        yield Difference(
            len(tokens),
            max(float((ours - attention).abs().max()) for _, ours in both),
            max(float((ours - hidden).abs().max()) for ours, _ in both),
        )


def parity(engine: Engine, name: str, reference: Any) -> list[Figure]:
    found = list(differences(engine, name, reference))
    lengths = [one.tokens for one in found]
    data = f"{len(found)} fixed texts of {min(lengths)} to {max(lengths)} tokens, all layers and heads"
    note = "largest absolute difference from transformers' BertModel (eager), same weights, float32; the goal is 1e-5"
    worst = {
        "an attention weight": max(one.attention for one in found),
        "the last hidden state": max(one.hidden for one in found),
    }
    return [
        Figure(metric=f"{name}: largest difference in {what}", value=value, data=data, note=note)
        for what, value in worst.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked = parser.parse_args()
    if importlib.util.find_spec("transformers") is None:
        raise CannotDo("transformers is not installed: `pip install --group peers` brings what we compare with")
    settings = Settings()
    refuse_other_data(settings.artifacts, {name: settings.data / name for name in SOURCES})
    engine = Engine.load(settings)
    # One reference at a time: E5 takes 470 MB.
    figures = [figure for name in SOURCES for figure in parity(engine, name, load_reference(settings.data / name))]
    publish(settings.artifacts, figures, asked.json)


if __name__ == "__main__":
    run(main)
