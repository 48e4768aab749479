"""What bench compares is the same work; synthetic ratings have MovieLens' shape; speeds are taken in turns."""

import json
import time
from collections.abc import Callable
from http.client import HTTPConnection
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from services.ratings.dataset import Dataset
from services.ratings.peers.stars import Answer, fit_surprise
from services.ratings.protocols import Split, random_split
from services.ratings.speed import answers, growth, timing, training
from services.ratings.speed.requests import Client, body_of
from services.ratings.synthetic import FEWEST, synthetic, who_rates_what
from shared.commands import CannotDo
from tests.conftest import running


@pytest.fixture(scope="module")
def invented() -> Dataset:
    return synthetic(100_000, 0)


def test_the_same_seed_invents_the_same_ratings_and_another_seed_others() -> None:
    first, again, other = (synthetic(5000, seed).ratings for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert len(first) != len(other) or not first.equals(other)


def test_a_hundred_thousand_invented_ratings_are_as_many_users_and_movies_as_movielens_has(invented: Dataset) -> None:
    assert len(invented.ratings) == pytest.approx(100_000, rel=0.01)
    assert (len(invented.users), len(invented.movies)) == (943, 1682)


def test_nobody_rates_a_movie_twice_or_fewer_than_twenty(invented: Dataset) -> None:
    assert not invented.ratings.duplicated(["user_id", "movie_id"]).any()
    assert invented.ratings["user_id"].value_counts().min() >= FEWEST


@pytest.mark.parametrize(("column", "median", "ninetieth"), [("user_id", 65, 244), ("movie_id", 27, 169)])
def test_activity_and_popularity_have_the_tails_of_ml_100k(
    invented: Dataset, column: str, median: int, ninetieth: int
) -> None:
    counts = invented.ratings[column].value_counts().reindex(range(1, invented.ratings[column].max() + 1), fill_value=0)
    assert counts.quantile(0.5) == pytest.approx(median, rel=0.25)
    assert counts.quantile(0.9) == pytest.approx(ninetieth, rel=0.25)


def test_invented_stars_are_whole_on_the_scale_and_as_scattered_as_in_ml_100k(invented: Dataset) -> None:
    stars = invented.ratings["stars"]
    assert set(stars.unique()) == {1, 2, 3, 4, 5}
    assert stars.mean() == pytest.approx(3.53, abs=0.15)
    assert stars.std() == pytest.approx(1.13, abs=0.1)


def test_invented_stars_depend_on_user_and_movie(invented: Dataset) -> None:
    ratings = invented.ratings
    rest = ratings["stars"] - ratings["stars"].mean()
    for column in ("movie_id", "user_id"):
        rest = rest - rest.groupby(ratings[column]).transform("mean")
    assert rest.std() < 0.9 * ratings["stars"].std()


def test_the_shares_decide_who_is_rated_more_and_everybody_gets_as_many_as_asked() -> None:
    counts = np.array([3, 0, 2] * 200)
    user, movie = who_rates_what(counts, np.array([0.6, 0.2, 0.1, 0.1]), np.random.default_rng(0))
    assert np.bincount(user, minlength=600).tolist() == counts.tolist()
    assert len(set(zip(user.tolist(), movie.tolist(), strict=True))) == counts.sum()
    assert np.bincount(movie).argmax() == 0


class Work:
    """Callables that take the seconds they are told to, by a clock that only they move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.called = 0.0, list[tuple[str, int]]()
        monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=lambda: self.now))

    def taking(self, name: str, *seconds: float) -> Callable[[int], None]:
        left = iter(seconds)

        def call(number: int) -> None:
            self.called.append((name, number))
            self.now += next(left)

        return call


def test_candidates_take_turns_after_a_call_each_that_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(monkeypatch)
    taken = timing.take_turns({"a": work.taking("a", 9, 1, 3), "b": work.taking("b", 9, 2, 2)}, 2)
    assert timing.medians(taken) == {"a": 2000, "b": 2000}
    assert work.called == [("a", 0), ("b", 0), ("a", 0), ("b", 0), ("a", 1), ("b", 1)]


def test_who_is_slow_is_called_once_in_twenty_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(monkeypatch)
    taken = timing.take_turns({"a": work.taking("a", *[1] * 22), "b": work.taking("b", 9, 1, 2)}, 21, slow=["b"])
    assert (len(taken["a"]), taken["b"]) == (21, [1000, 2000])


def test_who_is_quick_is_called_many_times_a_turn_each_time_for_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    work, each = Work(monkeypatch), timing.IN_A_ROW
    taken = timing.take_turns({"a": work.taking("a", *[1] * (1 + 2 * each))}, 2, quick=["a"])
    assert taken["a"] == [1000, 1000]
    assert [number for _, number in work.called[1:]] == list(range(2 * each))


@pytest.mark.parametrize(("many", "expected"), [(100, 99), (50, 50), (1, 1), (1000, 990)])
def test_99_of_100_stay_below(many: int, expected: int) -> None:
    assert timing.slowest_percent(list(range(many, 0, -1))) == expected


def test_a_figure_has_ours_as_its_value_and_the_others_beside_it() -> None:
    made = timing.figure("ms", {"ours": 2.0, "theirs": 3.0}, "toy", "a note")
    assert (made.value, made.baselines, made.data) == (2.0, {"theirs": 3.0}, "ours; toy")


def test_surprises_loop_lists_the_best_of_the_unseen(toy: Dataset) -> None:
    pytest.importorskip("surprise")
    model, _ = fit_surprise("SVD", toy, n_epochs=5, random_state=0)
    everything = {movie: model.predict(1, movie).est for movie in range(1, 31)}
    found = answers.loop_top(model, 1, range(1, 31), seen={1, 2})
    expected = sorted((movie for movie in everything if movie > 2), key=lambda movie: (-everything[movie], -movie))
    assert [movie for _, movie in found] == expected[:10]
    assert answers.loop_pairs(model, [(1, 3)]) == [everything[3]]


def test_who_is_slow_is_trained_once_and_the_others_in_turns(toy: Dataset) -> None:
    def learner(name: str) -> training.Learner:
        def learn(split: Split) -> Answer:
            order.append(name)
            return Answer(np.full(len(split.test), 3.0), 1.0)

        return learn

    order: list[str] = []
    found = training.answers({name: learner(name) for name in ("full", "quick")}, random_split(toy), 3)
    assert order == ["full", "quick", "quick", "quick"]
    assert {name: len(several) for name, several in found.items()} == {"full": 1, "quick": 3}


def test_a_clock_notes_when_something_is_appended() -> None:
    clock = growth.Clock()
    for _ in range(3):
        before = time.process_time()
        clock.append(-1.0)
        assert before <= clock[-1] <= time.process_time()
    assert clock.median() >= 0


def test_the_peak_is_what_this_process_has_held() -> None:
    held = np.ones(2**25)  # a quarter of a GiB
    assert growth.peak() > held.nbytes / 2**30


def test_growth_is_shown_beside_the_smallest_number_of_ratings() -> None:
    costs = [growth.Cost(times * 1000, 10, 20, 0.5 * times, 2.0 * times, 1.0, 1.5) for times in (1, 10)]
    training_seconds, sweep, *_ = growth.figures_of(costs)
    assert (training_seconds.value, training_seconds.baselines) == (2.0, {"10,000 ratings": 20.0})
    assert training_seconds.note == "2000, 2000 µs a rating"
    assert (sweep.value, sweep.baselines) == (500, {"10,000 ratings": 5000})


def test_a_client_keeps_its_connection_and_refuses_an_answer_that_is_a_problem() -> None:
    async def app(scope: dict[str, object], receive: object, send: Callable[[dict[str, object]], object]) -> None:
        if scope["type"] != "http":
            return
        ports.append(scope["client"])
        status = 200 if scope["path"] == "/good" else 422
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"2")]})  # type: ignore[misc]
        await send({"type": "http.response.body", "body": b"{}"})  # type: ignore[misc]

    ports: list[object] = []
    with running(app) as url:  # type: ignore[arg-type]
        client = Client(int(url.rsplit(":", 1)[1]))
        assert [client.ask("GET", "/good") for _ in range(2)] == [b"{}", b"{}"]
        with pytest.raises(CannotDo, match="GET /bad was answered 422"):
            client.ask("GET", "/bad")
        client.connection.close()
    assert isinstance(client.connection, HTTPConnection)
    assert len(set(ports)) == 1


def test_pairs_are_sent_as_the_service_reads_them() -> None:
    assert json.loads(body_of([1, 2], [3, 4])) == {
        "pairs": [{"user_id": 1, "movie_id": 3}, {"user_id": 2, "movie_id": 4}]
    }
