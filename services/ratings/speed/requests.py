"""The service over HTTP: a process of its own, one kept connection, and a journal that nobody else writes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from services.ratings.engine import Engine
from services.ratings.journal import Change, Journal
from services.ratings.schemas.recommend import RecommendRequest
from services.ratings.settings import Settings
from services.ratings.speed.timing import Turn, figure, medians, slowest_percent, take_turns
from shared.commands import CannotDo
from shared.engine import Figure
from shared.serve import free_port

GIVEN, ROUNDS, CHANGES, PAIRS, PATIENCE = 20, 300, 300, 1000, 120
WELL_KNOWN = 400  # a newcomer's ratings are of the most rated movies


class Client:
    """Waits for each answer before it asks again."""

    def __init__(self, port: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        self.connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise CannotDo(f"{method} {path} was answered {answer.status}: {content[:500].decode()}")
        return content


@contextmanager
def service(settings: Settings) -> Iterator[tuple[Client, Path]]:
    """A client, and the folder of the journal; on the disk on which a real one would be."""
    port, command = free_port(), [sys.executable, "-m", "shared.serve", "services.ratings"]
    with TemporaryDirectory(prefix=".bench-", dir=settings.artifacts_dir) as folder:
        own = {"PORT": port, "HOST": "127.0.0.1", "STATE_DIR": folder, "ARTIFACTS_DIR": settings.artifacts_dir}
        variables = os.environ | {f"RATINGS_{name}": str(value) for name, value in own.items()}
        process = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield ready(process, port), Path(folder)
        finally:
            process.terminate()
            process.wait()


def ready(process: "subprocess.Popen[bytes]", port: int) -> Client:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        client = Client(port)
        try:
            client.ask("GET", "/ratings/health/ready")
        except (OSError, CannotDo):
            time.sleep(0.1)
        else:
            return client
    raise CannotDo("the service did not start: `python -m shared.serve services.ratings` says why")


def newcomers(engine: Engine, dice: np.random.Generator) -> list[list[dict[str, int]]]:
    """What each of them gives some movies that many have seen."""
    movie_ids = engine.catalogue.movie_id[engine.catalogue.by_count[:WELL_KNOWN]]
    low, high = (int(end) for end in engine.predictor.scale)
    chosen = [dice.permutation(movie_ids)[:GIVEN].tolist() for _ in range(ROUNDS)]
    return [[{"movie_id": movie, "stars": int(dice.integers(low, high + 1))} for movie in one] for one in chosen]


def measure(settings: Settings, data: str) -> list[Figure]:
    engine = Engine(settings.artifacts)  # without a journal
    with service(settings) as (client, folder):
        return [
            newcomer_figure(client, engine, data),
            pairs_figure(client, engine, data),
            changes_figure(client, engine, folder, data),
        ]


def newcomer_figure(client: Client, engine: Engine, data: str) -> Figure:
    people = newcomers(engine, np.random.default_rng(0))
    candidates: dict[str, Turn] = {}
    for by in ("rank", "stars"):
        asked = [{"ratings": ratings, "limit": 10, "by": by} for ratings in people]
        candidates[f"by {by}, at the service"] = partial(over_http, client, [json.dumps(one).encode() for one in asked])
        candidates[f"by {by}, in the process"] = partial(in_process, engine, [RecommendRequest(**one) for one in asked])
    taken = take_turns(candidates, ROUNDS)
    late = ", ".join(f"{name} {slowest_percent(times):.1f} ms" for name, times in taken.items())
    note = f"99 of 100 within: {late}; the goal is 5 ms at the service"
    return figure(f"ms, 10 recommendations for {GIVEN} ratings of a newcomer", medians(taken), data, note)


def over_http(client: Client, bodies: list[bytes], call: int) -> None:
    client.ask("POST", "/ratings/recommend", bodies[call])


def in_process(engine: Engine, asked: list[RecommendRequest], call: int) -> None:
    engine.recommend_newcomer(asked[call])


def pairs_figure(client: Client, engine: Engine, data: str) -> Figure:
    dice, user_ids = np.random.default_rng(1), engine.ledger.ids()
    movie_ids = dice.permutation(engine.catalogue.movie_id)[:PAIRS].tolist()
    several = dice.choice(user_ids, len(movie_ids)).tolist()
    bodies = {
        "of one user": body_of([user_ids[0]] * len(movie_ids), movie_ids),
        "by chance": body_of(several, movie_ids),
    }
    candidates = {name: partial(predicted, client, body) for name, body in bodies.items()}
    taken = medians(take_turns(candidates, 20, slow=["by chance"]))
    return figure(
        f"ms, POST /ratings/predict of {len(movie_ids):,} pairs", taken, data, "nobody's row of the table is filled"
    )


def body_of(user_ids: list[int], movie_ids: list[int]) -> bytes:
    pairs = zip(user_ids, movie_ids, strict=True)
    return json.dumps({"pairs": [{"user_id": user, "movie_id": movie} for user, movie in pairs]}).encode()


def predicted(client: Client, body: bytes, call: int) -> None:
    client.ask("POST", "/ratings/predict", body)


def changes_figure(client: Client, engine: Engine, folder: Path, data: str) -> Figure:
    """Each change is on the disk before it is answered: the disk's share is measured beside it."""
    user_id, movie_id = engine.ledger.ids()[-1] + 1, int(engine.catalogue.movie_id[0])
    added = json.dumps({"user_id": user_id, "movie_id": movie_id, "stars": engine.predictor.scale[1]}).encode()
    query = f"?user_id={user_id}&movie_id={movie_id}"
    journal = Journal(folder / "alone" / "journal.sqlite")

    def add_and_take_back(call: int) -> None:
        client.ask("POST", "/ratings/ratings", added)
        client.ask("DELETE", f"/ratings/ratings{query}")

    def write_twice(call: int) -> None:
        for stars in (5.0, None):
            journal.write(Change(user_id, movie_id, "", stars))

    taken = take_turns({"ours": add_and_take_back, "the journal alone, without HTTP": write_twice}, CHANGES)
    journal.close()
    rates = {name: 2000 * len(times) / sum(times) for name, times in taken.items()}
    return figure(
        "changes a second, a rating added and taken back", rates, data, "one connection; each on the disk first"
    )
