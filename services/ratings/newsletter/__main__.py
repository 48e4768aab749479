"""`python -m services.ratings.newsletter`: what each choice of the newsletter was worth, as tables or JSON.

Read the tables row by row: each changes one choice of the row above it; the last rows each leave out one part of the
network. Errors stand beside the best constant and the biases (mean, user and movie) on the same rows, top-5 scores
beside what a random order would have.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from services.ratings.dataset import Dataset, read
from services.ratings.learn import Recipe
from services.ratings.newsletter.measure import Outcome, Table
from services.ratings.newsletter.ours import lines, ours
from services.ratings.newsletter.protocol import FIRST_ROWS, first_ratings
from services.ratings.newsletter.worth import MOST_ROWS, Facts, Step, as_json, facts, worth
from services.ratings.settings import Settings
from services.ratings.sources import read_source
from shared.artifacts import is_whole
from shared.commands import run

COMMAND = "python -m services.ratings.newsletter"


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder that `prepare` wrote, or a source that it takes")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="(default: 0 1 2)")
    parser.add_argument("--json", action="store_true", help="every figure of every seed, as JSON")
    parser.add_argument("--ours", action="store_true", help="instead, our own model on the rows of `all ratings`")
    asked = parser.parse_args()
    # More threads may add in another order: the same seed gives the same figures on one.
    torch.set_num_threads(1)
    data = data_of(asked.data) if asked.data else read(Settings().data)
    if asked.ours:
        sys.stdout.write(our_text(data, asked.seeds, asked.json) + "\n")
        return
    counted = facts(first_ratings(data, FIRST_ROWS))
    found = worth(data, asked.seeds)
    as_text, as_data = text(data, counted, found), as_json(data, asked.seeds, counted, found)
    sys.stdout.write((json.dumps(as_data, indent=1) if asked.json else as_text) + "\n")


def data_of(path: Path) -> Dataset:
    return read(path) if path.is_dir() and is_whole(path) else read_source(str(path)).data


def our_text(data: Dataset, seeds: Sequence[int], as_json: bool) -> str:
    found = [ours(first_ratings(data, MOST_ROWS), seed, Recipe()) for seed in seeds]
    if as_json:
        return json.dumps([asdict(one) for one in found], indent=1)
    errors = markdown(["step", "MAE", "RMSE", "RMSE's spread"], lines(found))
    covered = f"90 % interval: {sum(one.coverage for one in found) / len(found):.1%} covered"
    tables = [row for one in found if one.mean for row in (["ours", *scores(one.mean)], ["chance", *chance(one.mean)])]
    top = markdown(["top 5", "candidates", "true positives", "accuracy", "MRR"], tables)
    return "\n".join([*errors, "", covered, "", *top])


def text(data: Dataset, counted: Facts, found: Sequence[Step]) -> str:
    shown = {
        name: f"{value:.1%}" if isinstance(value, float) else f"{value:,}" for name, value in asdict(counted).items()
    }
    counts = [f"- {name.replace('_', ' ')}: {value}" for name, value in shown.items()]
    parts = [[data.name, *counts], errors(found), validation(found[0]), single_user(found[0]), top_five(found)]
    return "\n\n".join("\n".join(lines) for lines in parts)


def errors(found: Sequence[Step]) -> list[str]:
    """MAE and RMSE, each followed by the best constant's and the biases'."""
    head = ["step", "epochs", "unit", "MAE", "constant", "biases", "RMSE", "constant", "biases", "RMSE's spread"]
    return markdown(head, [error_cells(step) for step in found])


def error_cells(step: Step) -> list[str]:
    which: list[Callable[[Outcome], float]] = [
        *(lambda o: o.network.mae, lambda o: o.constant.mae, lambda o: o.bias.mae),
        *(lambda o: o.network.rmse, lambda o: o.constant.rmse, lambda o: o.bias.rmse),
    ]
    epochs = "/".join(str(epoch) for epoch in dict.fromkeys(outcome.epochs for outcome in step.outcomes))
    numbers = [f"{step.mean(of):.4f}" for of in which]
    return [step.name, epochs, step.outcomes[0].unit, *numbers, f"{step.spread(which[3]):.4f}"]


def validation(literal: Step) -> list[str]:
    """What the newsletter reports of itself: 0.1890."""
    network = literal.mean(lambda o: o.validation or 0)
    constant = literal.mean(lambda o: o.validation_constant)
    return [
        f"As in the newsletter, MAE on its validation rows, scaled: {network:.4f}; the best constant's {constant:.4f}."
    ]


def single_user(literal: Step) -> list[str]:
    """The table of the newsletter's own user, of each seed."""
    tables = [outcome.single for outcome in literal.outcomes if outcome.single]
    if not tables:
        return ["The newsletter's user has no movie in its test part."]
    head = ["its user, as in the newsletter", "candidates", "true positives", "accuracy", "MRR"]
    rows = [["one seed", *scores(table)] for table in tables]
    return markdown(head, [*rows, ["by chance", *chance(tables[0])]])


def top_five(found: Sequence[Step]) -> list[str]:
    head = ["step", "users", "candidates", "true positives", "by chance", "accuracy", "by chance", "MRR", "by chance"]
    return markdown(head, [cells for step in found if (cells := top_five_cells(step))])


def top_five_cells(step: Step) -> list[str]:
    tables = [outcome.mean for outcome in step.outcomes if outcome.mean]
    if len(tables) < len(step.outcomes):
        return []
    columns = zip(*([*scores(t), *chance(t)[1:]] for t in tables), strict=True)
    candidates, *means = [sum(map(float, column)) / len(tables) for column in columns]
    paired = [f"{value:.3f}" for pair in zip(means[:3], means[3:], strict=True) for value in pair]
    return [step.name, f"{sum(t.users for t in tables) / len(tables):.0f}", f"{candidates:.0f}", *paired]


def scores(table: Table) -> list[str]:
    return [f"{table.candidates:.4g}", *(f"{value:.4f}" for value in asdict(table.scores).values())]


def chance(table: Table) -> list[str]:
    return [f"{table.candidates:.4g}", *(f"{value:.4f}" for value in asdict(table.random).values())]


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


if __name__ == "__main__":
    run(main)
