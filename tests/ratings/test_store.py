"""A trained model as files, and back: it answers the same to the last digit."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from services.ratings.base import Questions
from services.ratings.features import Column
from services.ratings.predictor import Estimates, Predictor
from services.ratings.store import MODEL, Words, read_model, read_words, write_model, write_words
from services.ratings.trained import Trained
from shared.tensors import load_tensors


def answers(trained: Trained, predictor: Predictor, timed: bool) -> Estimates:
    """What all users would give all movies."""
    people, movies = torch.arange(41), torch.arange(30)
    person, movie = torch.cartesian_prod(people, movies).unbind(1)
    at = torch.full_like(movie, 870_000_000) if timed else None
    return predictor.answer(trained.own, trained.profile, Questions(person, movie, at))


@pytest.mark.parametrize("timed", [False, True])
def test_a_model_that_was_written_and_read_answers_the_same_to_the_last_digit(
    trained: Trained, tmp_path: Path, timed: bool
) -> None:
    write_model(tmp_path, trained.predictor)
    before = answers(trained, trained.predictor, timed)
    after = answers(trained, read_model(tmp_path), timed)
    for field in fields(Estimates):
        assert np.array_equal(getattr(before, field.name), getattr(after, field.name)), field.name


def test_a_model_written_again_has_the_same_bytes(trained: Trained, tmp_path: Path) -> None:
    write_model(tmp_path, trained.predictor)
    first = (tmp_path / MODEL).read_bytes()
    write_model(tmp_path, read_model(tmp_path))
    assert (tmp_path / MODEL).read_bytes() == first


def test_a_model_of_data_without_times_comes_back_without_a_skill_for_moments(trained: Trained, tmp_path: Path) -> None:
    write_model(tmp_path, replace(trained.predictor, timed=None))
    assert read_model(tmp_path).timed is None
    assert not any(name.startswith(".timed") for name in load_tensors(tmp_path / MODEL))


def test_words_come_back_as_they_were_accents_and_all(tmp_path: Path) -> None:
    columns = [Column("age", edges=(20.0, 37.5)), Column("gender", values=("F", "M"))]
    words = Words(["Amélie", '"Quoted"', "기생충"], ["Comedy"], columns, {"sweep": [1.25, 0.1]}, {"nominal": [0.9]})
    write_words(tmp_path, words)
    assert read_words(tmp_path) == words
