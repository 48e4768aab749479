"""Speed and size, each beside its baseline in the same run: the pass, an answer's bytes, many who ask at once.

`python -m services.attention.bench`. Baselines: transformers' BertModel with eager attention, json.dumps, and BertViz'
head_view. Candidates take turns, so that a busy machine is busy for all; medians are shown.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from services.attention.engine import Engine
from services.attention.features import Tokens, batch
from services.attention.forms import Form, half_vectors
from services.attention.maps import as_array
from services.attention.models import OwnModel
from services.attention.record import load_reference
from services.attention.schemas.maps import MapsRequest
from services.attention.settings import Settings
from shared.arrays import npy_bytes
from shared.cards import speed_table, write_speed
from shared.commands import run
from shared.engine import Figure
from shared.fetch import Wheel, wheel_file

COMMAND = "python -m services.attention.bench"
# Its dependency boto3 cannot be installed beside our pandas; head_view needs none of it.
BERTVIZ = Wheel("bertviz", "1.4.1", "e53e5fb77812d73fdc1142f56334cbf723d6cfcb54f9a6f6d3d5c83dd9763192")
ROUNDS = {7: 200, 32: 100, 128: 60, 256: 60, 512: 30}  # of each number of tokens
LONG = "the train left the station on time and the bank of the river was near the bank where I keep my account " * 30
SHORT = [
    "the train left the station on time",
    "when you play the game of thrones",
    "I opened an account at the bank",
    "she walked along the bank of the river",
    "the bus departed from the terminal punctually",
    "a cat sat on the mat",
]
PEOPLE, ANSWERS = 16, 640

Timed = Mapping[str, Callable[[], Any]]


def milliseconds(candidates: Timed, rounds: int) -> dict[str, float]:
    """The median of each, one turn after the other."""
    for call in candidates.values():
        call()
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, call in candidates.items():
            started = time.perf_counter()
            call()
            taken[name].append((time.perf_counter() - started) * 1e3)
    return {name: statistics.median(times) for name, times in taken.items()}


def text_of(engine: Engine, model: OwnModel, tokens: int) -> str:
    """A text of exactly so many tokens, [CLS] and [SEP] included."""
    cut = model.tokenise(LONG)
    text = LONG[: cut.offsets[tokens - 2][1]]
    assert len(engine.tokens(model, text)) == tokens
    return text


def attend(model: OwnModel, tokens: Tokens, attention_only: bool) -> None:
    one = batch([tokens])
    model.fast(one.ids, one.types, attention_only)


@torch.inference_mode()
def refer(reference: Any, tokens: Tokens) -> Any:
    one = batch([tokens])
    # What its own tokenizer would hand it.
    inputs = {"input_ids": one.ids, "token_type_ids": one.types, "attention_mask": one.real.long()}
    return reference(**inputs, output_attentions=True).attentions


def forward(engine: Engine, model: OwnModel, reference: Any) -> list[Figure]:
    """The pass alone: tokens in, the attention of all layers and heads out."""
    figures = []
    for count, rounds in tqdm(ROUNDS.items(), desc="passes"):
        tokens = engine.tokens(model, text_of(engine, model, count))
        candidates: Timed = {
            "ours": partial(attend, model, tokens, True),
            "ours, with the last hidden state": partial(attend, model, tokens, False),
            "transformers, eager": partial(refer, reference, tokens),
        }
        figures.append(figure(f"ms a pass of {count} tokens", milliseconds(candidates, rounds), f"median of {rounds}"))
    return figures


def encoding(engine: Engine, model: OwnModel) -> list[Figure]:
    """What a compact form costs on top of the pass, at 512 tokens and 72 heads."""
    look = engine.look(model, text_of(engine, model, 512))
    assert look.vectors is not None
    candidates: Timed = {
        "the pass": partial(attend, model, look.queries, True),
        "uint8": partial(as_array, look.attention, "uint8"),
        "uint16": partial(as_array, look.attention, "uint16"),
        "qk": lambda: npy_bytes(half_vectors(look.vectors)[0]),  # type: ignore[arg-type]
    }
    taken = milliseconds(candidates, ROUNDS[512])
    whole = taken.pop("the pass")
    return [
        Figure(
            metric=f"{form}: ms of encoding, as a share of the pass",
            value=taken[form] / whole,
            data="512 tokens, 72 heads",
            note=f"{taken[form]:.1f} ms beside {whole:.1f} ms; the goal is 0.3",
        )
        for form in taken
    ]


def answers(engine: Engine, model: OwnModel, reference: Any, folder: Path) -> list[Figure]:
    """From a text to the bytes that show it: 512 tokens, all layers and heads."""
    text = text_of(engine, model, 512)
    asked = MapsRequest(text=text)
    first = MapsRequest(text=text, layers=[0], heads=[0], thumbnails=32)
    ours: dict[str, Callable[[], bytes | memoryview]] = {
        "qk": partial(sent, engine, asked, "qk"),
        "uint8": partial(sent, engine, asked, "uint8"),
        "json, 4 decimals": partial(sent, engine, asked, "json"),
        "first view: 72 thumbnails, one head, statistics": partial(sent, engine, first, "npz"),
    }
    theirs: dict[str, Callable[[], bytes]] = {
        "BertViz head_view": partial(bertviz, model, reference, text, folder),
        "transformers and json.dumps": partial(dumped, model, reference, text),
    }
    peers = {name: once(call) for name, call in tqdm(theirs.items(), desc="peers, once each")}
    taken = milliseconds(ours, 7) | {name: taken for name, (taken, _) in peers.items()}
    sizes = {name: len(call()) for name, call in ours.items()} | {name: size for name, (_, size) in peers.items()}
    return [
        figure("ms from a text of 512 tokens to the bytes of all 72 heads", taken, "peers: one run"),
        figure("bytes of all 72 heads of 512 tokens", sizes, "qk: weights to be made of Q and K by the reader"),
    ]


def sent(engine: Engine, asked: MapsRequest, form: Form) -> bytes | memoryview:
    return engine.maps(asked, form).content


def once(call: Callable[[], bytes]) -> tuple[float, int]:
    """Milliseconds and bytes."""
    started = time.perf_counter()
    size = len(call())
    return (time.perf_counter() - started) * 1e3, size


def dumped(model: OwnModel, reference: Any, text: str) -> bytes:
    """What most services do: every weight as a Python float, through the json module."""
    return json.dumps([layer[0].tolist() for layer in refer(reference, model.tokenise(text))]).encode()


def bertviz(model: OwnModel, reference: Any, text: str, folder: Path) -> bytes:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    from bertviz import head_view

    tokens = model.tokenise(text)
    page = head_view(refer(reference, tokens), tokens.tokens, html_action="return")
    return str(page.data).encode()


def together(engines: Mapping[str, Engine]) -> Figure:
    """Answers a second when sixteen ask at once."""
    rates: dict[str, list[float]] = {name: [] for name in engines}
    for _ in tqdm(range(5), desc="asking"):
        for name, engine in engines.items():
            rates[name].append(rate(engine))
    medians = {name: statistics.median(found) for name, found in rates.items()}
    note = f"{PEOPLE} threads ask for all heads of sentences of {lengths(engines['together'])} tokens, as float32"
    return figure("answers a second", medians, note)


def lengths(engine: Engine) -> str:
    counts = [len(engine.model("minilm").tokenise(text)) for text in SHORT]
    return f"{min(counts)} to {max(counts)}"


def rate(engine: Engine) -> float:
    asked = [MapsRequest(text=SHORT[number % len(SHORT)]) for number in range(ANSWERS)]
    with ThreadPoolExecutor(PEOPLE) as people:
        started = time.perf_counter()
        list(people.map(lambda one: engine.maps(one, "npy"), asked))
        return ANSWERS / (time.perf_counter() - started)


def figure(metric: str, values: Mapping[str, float], note: str) -> Figure:
    """The first of `values` as ours, the others beside it."""
    name, *others = values
    return Figure(
        metric=metric,
        value=values[name],
        data=f"{name}, minilm, one thread",
        baselines={other: values[other] for other in others},
        note=note,
    )


def measure(settings: Settings) -> list[Figure]:
    engine = Engine.load(settings)
    model, reference = engine.own("minilm"), load_reference(settings.data / "minilm")
    figures = [*forward(engine, model, reference), *encoding(engine, model)]
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel_file(BERTVIZ, Path(folder))) as wheel:
            wheel.extractall(folder)
        figures += answers(engine, model, reference, Path(folder))
    alone, single = (Engine.load(settings.model_copy(update={"batch_tokens": 1})) for _ in range(2))
    single.own("minilm").together.lanes = 1
    return [
        *figures,
        together({"together": engine, "one at a time": single, "each alone, on all cores": alone}),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked, settings = parser.parse_args(), Settings()
    figures = measure(settings)
    write_speed(settings.artifacts, figures)
    print(json.dumps([one.model_dump() for one in figures], indent=1) if asked.json else speed_table(figures))


if __name__ == "__main__":
    run(main)
