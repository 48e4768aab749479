"""A trained model as files, and back: tensors by dotted names, and the words in JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from services.ratings.base import Base, Seen
from services.ratings.company import Company
from services.ratings.features import Column, Standard
from services.ratings.learn import Lesson, Skill
from services.ratings.memory import Memory
from services.ratings.model import Correction, Factors, Interval
from services.ratings.predictor import Predictor
from shared.tensors import load_tensors, save_tensors

MODEL, WORDS = "model.safetensors", "words.json"


@dataclass(frozen=True)
class Words:
    """What is not a number: titles, genres, what is told of users, and how the training went."""

    titles: list[str]
    genres: list[str]
    columns: list[Column]
    curves: dict[str, list[float]]
    calibration: dict[str, list[float]]


def write_words(folder: Path, words: Words) -> None:
    (folder / WORDS).write_text(json.dumps(asdict(words), ensure_ascii=False), encoding="utf-8")


def read_words(folder: Path) -> Words:
    read = json.loads((folder / WORDS).read_text(encoding="utf-8"))
    columns = [Column(one["name"], tuple(one["values"]), tuple(one["edges"])) for one in read.pop("columns")]
    return Words(columns=columns, **read)


def write_model(folder: Path, predictor: Predictor) -> None:
    save_tensors(folder / MODEL, dict(named(predictor)))


def named(thing: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """Every tensor in `thing` with where it stands."""
    if isinstance(thing, Tensor):
        yield name, thing.detach().contiguous()
    elif isinstance(thing, float):
        yield name, torch.tensor(thing, dtype=torch.float64)
    elif isinstance(thing, nn.Module):
        yield from named(dict(thing.state_dict()), name)
    elif isinstance(thing, dict):
        for key, value in thing.items():
            yield from named(value, f"{name}.{key}")
    elif isinstance(thing, tuple):
        yield from named({str(place): value for place, value in enumerate(thing)}, name)
    elif is_dataclass(thing):
        inside = {field.name: getattr(thing, field.name) for field in fields(thing)}
        yield from named({key: value for key, value in inside.items() if value is not None}, name)


class Shelf:
    """The tensors below one name."""

    def __init__(self, tensors: dict[str, Tensor], name: str = "") -> None:
        self.tensors, self.name = tensors, name

    def __getattr__(self, name: str) -> "Shelf":
        return Shelf(self.tensors, f"{self.name}.{name}")

    def here(self) -> bool:
        return any(name.startswith(f"{self.name}.") for name in self.tensors)

    def number(self) -> float:
        return float(self.tensors[self.name])

    def below(self) -> dict[str, Tensor]:
        start = f"{self.name}."
        return {name.removeprefix(start): value for name, value in self.tensors.items() if name.startswith(start)}


def read_model(folder: Path) -> Predictor:
    shelf = Shelf(load_tensors(folder / MODEL))
    return Predictor(
        base=base_from(shelf.base),
        blind=skill(shelf.blind),
        timed=skill(shelf.timed) if shelf.timed.here() else None,
        scale=(getattr(shelf.scale, "0").number(), getattr(shelf.scale, "1").number()),
    )


def base_from(shelf: Shelf) -> Base:
    return Base(
        factors=Factors(**shelf.factors.below()),
        company=Company(**shelf.company.below()),
        counted=Standard(**shelf.counted.below()),
        told=Standard(**shelf.told.below()),
        kept=Standard(**shelf.kept.below()),
        memory=Memory(**shelf.memory.below()),
        top=shelf.top.number(),
    )


def lesson_from(shelf: Shelf) -> Lesson:
    found = shelf.below()
    return Lesson(Seen(**shelf.seen.below()), found["stars"], found["row"], found["pretended"])


def skill(shelf: Shelf) -> Skill:
    pair = [correction(getattr(shelf.corrections, str(n)).below()) for n in range(2)]
    weights = shelf.interval.below()
    interval = Interval(len(weights["a"]) - 1)
    interval.load_state_dict(weights)
    return Skill((pair[0], pair[1]), interval.eval())


def correction(weights: dict[str, Tensor]) -> Correction:
    hidden, inputs = weights["mlp.0.weight"].shape
    made = Correction(len(weights["heads"]), inputs, hidden)
    made.load_state_dict(weights)
    return made.eval()
