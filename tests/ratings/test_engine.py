"""What the engine answers, on a toy that can be checked by hand."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch

from services.ratings.catalogue import plain
from services.ratings.dataset import Dataset
from services.ratings.engine import Engine
from services.ratings.learn import Recipe
from services.ratings.schemas import (
    MoviesRequest,
    Pair,
    PredictRequest,
    RecommendationsRequest,
)
from services.ratings.train import train
from shared.artifacts import ArtifactDamaged, ArtifactMissing
from shared.problems import NotFound, Unprocessable
from shared.schemas import PageRequest


@pytest.fixture(scope="module")
def folder(toy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artifacts") / "ratings"
    train(toy, folder, Recipe(most_epochs=5, batch=64), seed=0)
    return folder


@pytest.fixture(scope="module")
def engine(folder: Path) -> Engine:
    return Engine(folder, max_pairs=2000)


def pairs(*ids: tuple[int, int], at: datetime | None = None) -> PredictRequest:
    return PredictRequest(pairs=[Pair(user_id=user, movie_id=movie, at=at) for user, movie in ids])


def everything() -> PredictRequest:
    return pairs(*[(user, movie) for user in range(1, 42) for movie in range(1, 31)])


def test_parts_add_up_to_the_stars_also_where_they_are_clipped(engine: Engine) -> None:
    for at in (None, datetime(1998, 3, 7, 12, tzinfo=UTC)):
        asked = everything().model_copy(update={"pairs": [p.model_copy(update={"at": at}) for p in everything().pairs]})
        for found in engine.predict(asked).predictions:
            assert sum(found.parts.model_dump().values()) == pytest.approx(found.stars, abs=1e-5)


def test_stars_and_intervals_stay_on_the_scale_and_in_order(engine: Engine) -> None:
    for found in engine.predict(everything()).predictions:
        assert 1 <= found.low <= found.stars <= found.high <= 5


def test_many_pairs_are_answered_as_one_by_one_and_in_order(engine: Engine) -> None:
    asked = pairs((3, 4), (1, 30), (41, 2))
    for pair, found in zip(asked.pairs, engine.predict(asked).predictions, strict=True):
        assert (found.user_id, found.movie_id) == (pair.user_id, pair.movie_id)
        alone = engine.predict(PredictRequest(pairs=[pair])).predictions[0]
        assert found.stars == pytest.approx(alone.stars, abs=1e-5)


def test_an_unknown_moment_adds_nothing_and_a_known_one_something(engine: Engine) -> None:
    assert engine.predict(pairs((1, 1))).predictions[0].parts.context == 0
    noon = engine.predict(pairs((1, 1), at=datetime(1998, 3, 7, 12, tzinfo=UTC))).predictions[0]
    assert noon.parts.context != 0


def test_a_time_without_a_zone_is_utc_and_zones_are_respected(engine: Engine) -> None:
    texts = ["1998-03-07T19:00:00", "1998-03-07T19:00:00Z", "1998-03-08T04:00:00+09:00", "1998-03-07T21:00:00Z"]
    asked = [PredictRequest.model_validate({"pairs": [{"user_id": 1, "movie_id": 1, "at": at}]}) for at in texts]
    naive, utc, seoul, night = (engine.predict(one).predictions[0].parts.context for one in asked)
    assert naive == utc == seoul != night


def test_unknown_users_and_movies_are_named_with_their_place(engine: Engine) -> None:
    with pytest.raises(Unprocessable, match=r"pairs\.1: no user 99: there are 41 users, with ids from 1 to 41"):
        engine.predict(pairs((1, 1), (99, 1)))
    with pytest.raises(Unprocessable, match=r"pairs\.0: no movie 99: there are 30 movies, with ids from 1 to 30"):
        engine.predict(pairs((1, 99)))


def test_seen_movies_are_recommended_only_when_asked_for(engine: Engine, toy: Dataset) -> None:
    seen = set(toy.ratings.loc[toy.ratings["user_id"] == 1, "movie_id"])
    new = engine.recommend(1, RecommendationsRequest(limit=30))
    assert {item.movie_id for item in new.items} == set(range(1, 31)) - seen
    assert engine.recommend(1, RecommendationsRequest(limit=30, include_seen=True)).total == 30


@pytest.mark.parametrize(("by", "field"), [("rank", "low"), ("stars", "stars")])
def test_recommendations_are_ordered_by_what_was_asked_and_agree_with_predict(
    engine: Engine, by: str, field: str
) -> None:
    found = engine.recommend(1, RecommendationsRequest.model_validate({"limit": 10, "by": by})).items
    scores = [item.score for item in found]
    assert scores == sorted(scores, reverse=True) == [getattr(item, field) for item in found]
    predicted = engine.predict(pairs(*[(1, item.movie_id) for item in found])).predictions
    assert scores == pytest.approx([getattr(p, field) for p in predicted], abs=1e-4)


def test_recommendations_of_a_genre_are_of_that_genre(engine: Engine) -> None:
    found = engine.recommend(1, RecommendationsRequest(limit=30, genre="comedy", include_seen=True)).items
    assert [item.genres for item in found] == [["Comedy"]] * 15


def test_movies_are_found_by_a_part_of_their_title_most_rated_first(engine: Engine) -> None:
    found = engine.movies(MoviesRequest(query="mOvIe 2", limit=3, offset=1))
    assert (found.total, found.limit, found.offset, len(found.items)) == (11, 3, 1, 3)
    counts = [movie.count for movie in engine.movies(MoviesRequest()).items]
    assert counts == sorted(counts, reverse=True)


def test_a_movie_knows_its_ratings_and_one_without_any_has_no_mean(engine: Engine, toy: Dataset) -> None:
    stars = toy.ratings.loc[toy.ratings["movie_id"] == 7, "stars"]
    assert engine.movie(7).count == len(stars)
    assert engine.movie(7).mean == pytest.approx(stars.mean(), abs=1e-4)
    assert (engine.movie(30).count, engine.movie(30).mean) == (0, None)


def test_a_users_ratings_are_newest_first_and_the_profile_counts_each_once(engine: Engine, toy: Dataset) -> None:
    own = toy.ratings[toy.ratings["user_id"] == 1].sort_values("timestamp", ascending=False)
    found = engine.user(1, PageRequest())
    assert [rating.movie_id for rating in found.ratings.items] == own["movie_id"].tolist()
    assert found.ratings.items[0].at.timestamp() == own["timestamp"].iloc[0]
    for shares in (found.profile.genres, found.profile.daytime, found.profile.week):
        assert sum(share.count for share in shares) == len(own)


def test_a_user_without_ratings_has_an_empty_profile_and_is_predicted_like_anyone(engine: Engine) -> None:
    found = engine.user(41, PageRequest())
    assert (found.count, found.mean, found.profile.genres) == (0, None, [])
    assert engine.predict(pairs((41, 30))).predictions[0].parts.matrix_factorisation == 0


def test_users_are_listed_by_id(engine: Engine) -> None:
    found = engine.users(PageRequest(limit=2, offset=40))
    assert (found.total, [user.user_id for user in found.items]) == (41, [41])


def test_who_is_unknown_is_told_what_is_known(engine: Engine) -> None:
    with pytest.raises(NotFound, match="no user 99: there are 41 users, with ids from 1 to 41"):
        engine.user(99, PageRequest())
    with pytest.raises(NotFound, match="no movie 99: there are 30 movies"):
        engine.movie(99)
    with pytest.raises(Unprocessable, match="no genre 'Komödie': the genres are Action, Adventure"):
        engine.movies(MoviesRequest(genre="Komödie"))


def test_artifacts_that_are_missing_or_damaged_are_not_served(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing):
        Engine(tmp_path)
    broken = tmp_path / "ratings"
    broken.mkdir()
    for file in folder.iterdir():
        (broken / file.name).write_bytes(file.read_bytes()[: -1 if file.name == "model.safetensors" else None])
    with pytest.raises(ArtifactDamaged, match=r"model\.safetensors"):
        Engine(broken)


def test_searching_needs_neither_case_nor_accents() -> None:
    assert plain("Les MISÉRABLES") == plain("les miserables")


def test_the_same_stars_come_from_the_network_itself(engine: Engine) -> None:
    """A second opinion: the engine's numbers against the module called directly."""
    user, movie = np.array([0, 5]), np.array([3, 7])
    context = engine.network.mean_context.expand(2, -1)
    found = engine.estimate(user, movie, context)
    direct = engine.network(torch.from_numpy(user), torch.from_numpy(movie), context).sum(1).clamp(1, 5)
    assert found.stars.tolist() == pytest.approx(direct.tolist(), abs=1e-5)


def test_serving_needs_no_pandas() -> None:
    code = "import sys, services.ratings.app; sys.exit(bool({'pandas', 'pyarrow', 'openpyxl'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
