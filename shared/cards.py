"""The figures that `evaluate` and `bench` measure, in card.json beside the model they belong to, shown by its card."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

from shared.artifacts import Manifest, read_manifest
from shared.commands import CannotDo
from shared.engine import Card, Figure

CARD = "card.json"


class Measured(BaseModel):
    """What card.json holds."""

    sha256: str  # of the manifest of the model that was measured
    figures: list[Figure] = []  # how good it is, by `evaluate`
    speed: list[Figure] = []  # how fast, by `bench`


def write_figures(folder: Path, figures: Sequence[Figure]) -> None:
    write(folder, measured_on(folder).model_copy(update={"figures": list(figures)}))


def write_speed(folder: Path, figures: Sequence[Figure]) -> None:
    write(folder, measured_on(folder).model_copy(update={"speed": list(figures)}))


def write(folder: Path, measured: Measured) -> None:
    """Not into the manifest: measuring a model does not make it another one."""
    temporary = folder / f".{CARD}.new"
    temporary.write_text(measured.model_dump_json(indent=1))
    temporary.replace(folder / CARD)


def measured_on(folder: Path) -> Measured:
    """What was measured on this very model so far."""
    sha256, card = read_manifest(folder).sha256, folder / CARD
    measured = Measured.model_validate_json(card.read_bytes()) if card.exists() else Measured(sha256=sha256)
    return measured if measured.sha256 == sha256 else Measured(sha256=sha256)


def read_figures(folder: Path) -> list[Figure]:
    """What `evaluate` measured on this very model, until then what its training could say itself; and its speed."""
    measured = measured_on(folder)
    return [*(measured.figures or read_manifest(folder).figures), *measured.speed]


def refuse_other_data(model: Path, sources: Mapping[str, Path]) -> None:
    """Figures measured on data that the model was not made from would stand in the wrong card.

    `sources` has the folder of each, by the name under which the config of the model's manifest keeps its sum.
    """
    made_from = read_manifest(model).config
    for name, data in sources.items():
        if made_from.get(name) != read_manifest(data).sha256:
            raise CannotDo(f"the model in {model} was made from other data than {data}: train first")


def publish(folder: Path, figures: Sequence[Figure], as_json: bool) -> None:
    """The end of every `evaluate`: into card.json and onto the screen."""
    write_figures(folder, figures)
    print(json.dumps([figure.model_dump() for figure in figures], indent=1) if as_json else table(figures))


def table(figures: Sequence[Figure]) -> str:
    return "\n\n".join(paragraph(figure) for figure in figures)


def paragraph(figure: Figure) -> str:
    values = {"this model": figure.value, **figure.baselines}
    lines = [f"{figure.metric} ({figure.data})", *(f"  {name:<42}{value:.4g}" for name, value in values.items())]
    return "\n".join([*lines, f"  {figure.note}"] if figure.note else lines)


def speed_table(figures: Sequence[Figure]) -> str:
    """The end of every `bench`: ours, and the others as multiples of it."""
    rows = [f"| {one.metric} | {shown(one.value)} ({brief(one)}) | {beside(one)} | {one.note} |" for one in figures]
    return "\n".join(["| measured | ours | beside it, same run | |", "|---|---|---|---|", *rows])


def brief(one: Figure) -> str:
    return one.data.split("; ")[0]


def beside(one: Figure) -> str:
    ratios = {name: f" ({value / one.value:.2f}x)" if one.value else "" for name, value in one.baselines.items()}
    return ", ".join(f"{name} {shown(value)}{ratios[name]}" for name, value in one.baselines.items())


def shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def card_of(
    manifest: Manifest,
    folder: Path,
    device: str,
    *,
    summary: str,
    summary_ko: str,
    picture: str,
    task: str,
    licence: str,
    sizes: dict[str, float],
    limits: list[str],
) -> Card:
    return Card(
        name=manifest.service,
        version=manifest.version,
        summary=summary,
        summary_ko=summary_ko,
        picture=picture,
        task=task,
        data=manifest.data,
        licence=licence,
        seed=manifest.seed,
        command=manifest.command,
        device=device,
        sha256=manifest.sha256,
        sizes=sizes,
        figures=read_figures(folder),
        limits=limits,
    )
