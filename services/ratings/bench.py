"""Speed, beside Surprise in the same run: lists and pairs, requests, training, and how it grows with the ratings.

`python -m services.ratings.bench`. Candidates take turns, so that a busy machine is busy for all; medians are shown.
Nothing is written into anybody's journal. `--scale 1000000 10000000` shows the growth further on: hours.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Sequence

from services.ratings import dataset
from services.ratings.engine import Engine
from services.ratings.learn import QUICK, Recipe
from services.ratings.settings import Settings
from services.ratings.speed import answers, growth, requests, training
from shared.cards import speed_table, write_speed
from shared.commands import run
from shared.device import limit_threads
from shared.engine import Figure

COMMAND = "python -m services.ratings.bench"
TOPICS = ("answers", "requests", "training", "growth")
SIZES = (100_000, 300_000)


def measure(settings: Settings, topics: Sequence[str], sizes: Sequence[int], recipe: Recipe) -> list[Figure]:
    limit_threads(1)
    data = dataset.read(settings.data)
    of_topic: dict[str, Callable[[], Iterable[Figure]]] = {
        "answers": lambda: answers.measure(Engine(settings.artifacts), data),  # without a journal
        "requests": lambda: requests.measure(settings, data.name),
        "training": lambda: training.measure(data),
        "growth": lambda: growth.measure(sizes, recipe),
    }
    return [figure for topic in TOPICS if topic in topics for figure in of_topic[topic]()]


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--only", nargs="+", choices=TOPICS, help="these topics; the card is left as it was")
    parser.add_argument(
        "--scale", type=int, nargs="+", default=SIZES, help="synthetic ratings to train on", metavar="R"
    )
    parser.add_argument("--quick", action="store_true", help="let the growth be that of the quick model")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked, settings = parser.parse_args(), Settings()
    recipe = QUICK if asked.quick else Recipe()
    figures = measure(settings, asked.only or TOPICS, asked.scale, recipe)
    if not asked.only:
        write_speed(settings.artifacts, figures)
    print(json.dumps([one.model_dump() for one in figures], indent=1) if asked.json else speed_table(figures))


if __name__ == "__main__":
    run(main)
