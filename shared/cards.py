"""The figures that `evaluate` measures: kept in card.json beside the model they belong to, shown by its card."""

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from shared.artifacts import Manifest, read_manifest
from shared.commands import CannotDo
from shared.engine import Card, Figure

CARD = "card.json"


class Measured(BaseModel):
    """What card.json holds."""

    sha256: str  # of the manifest of the model that was measured
    figures: list[Figure]


def write_figures(folder: Path, figures: Sequence[Figure]) -> None:
    """Not into the manifest: measuring a model does not make it another one."""
    measured = Measured(sha256=read_manifest(folder).sha256, figures=list(figures))
    temporary = folder / f".{CARD}.new"
    temporary.write_text(measured.model_dump_json(indent=1))
    temporary.replace(folder / CARD)


def read_figures(folder: Path) -> list[Figure]:
    """What `evaluate` measured on this very model; until then, what its training could say itself."""
    manifest = read_manifest(folder)
    if (folder / CARD).exists():
        measured = Measured.model_validate_json((folder / CARD).read_bytes())
        if measured.sha256 == manifest.sha256:
            return measured.figures
    return manifest.figures


def refuse_other_data(model: Path, data: Path) -> None:
    """Figures measured on data that the model was not made from would stand in the wrong card."""
    if read_manifest(model).config["data_sha256"] != read_manifest(data).sha256:
        raise CannotDo(f"the model in {model} was trained on other data than {data}: train first")


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


def card_of(
    manifest: Manifest,
    folder: Path,
    device: str,
    *,
    summary: str,
    task: str,
    licence: str,
    sizes: dict[str, float],
    limits: list[str],
) -> Card:
    return Card(
        name=manifest.service,
        version=manifest.version,
        summary=summary,
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
