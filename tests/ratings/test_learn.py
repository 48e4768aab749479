"""Lessons never see their answers; a lesson without a moment ignores times; the same seed teaches the same."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from services.ratings.base import Seen
from services.ratings.gibbs import Chain
from services.ratings.learn import (
    Fold,
    Lesson,
    Material,
    Recipe,
    cut_lessons,
    fit_base,
    fold_lesson,
    hide_folds,
    learn_interval,
    learn_skill,
    others,
    place_of,
    places_in_time,
    timed_lesson,
)

RECIPE = Recipe(Chain(width=2), burn=3, thin=1, keep=4, fold_keep=3, hidden_folds=2, newcomers=(0, 2), epochs=2)


@pytest.fixture
def material() -> Material:
    """20 people, 15 movies, 200 ratings with times."""
    dice = torch.Generator().manual_seed(0)
    pairs = torch.randperm(300, generator=dice)[:200]
    return Material(
        user=pairs // 15,
        movie=pairs % 15,
        stars=torch.randint(1, 6, (200,), generator=dice).float(),
        at=1_000_000_000 + torch.randint(10_000_000, (200,), generator=dice),
        profile=torch.randn(20, 2, generator=dice),
        movies=torch.randn(15, 3, generator=dice),
        genres=torch.ones(15, 1),
        scale=(1.0, 5.0),
    )


def hide(material: Material) -> Fold:
    hidden = hide_folds(material, RECIPE, 0)[0]
    rest = others(hidden, len(material))
    return Fold(material, hidden, rest, fit_base(material.of(rest), RECIPE, RECIPE.fold_keep, 1))


def same(one: Seen, other: Seen) -> bool:
    return all(torch.equal(getattr(one, name), getattr(other, name)) for name in ("parts", "brought", "told"))


def changed(material: Material, rows: Tensor) -> Material:
    """Other stars in these rows."""
    stars = material.stars.clone()
    stars[rows] = 6 - stars[rows] + (stars[rows] == 3)
    return replace(material, stars=stars)


def test_folds_hide_different_ratings(material: Material) -> None:
    one, two = hide_folds(material, RECIPE, 0)
    assert len(one) == len(two) == 40
    assert not set(one.tolist()) & set(two.tolist())


def test_no_more_is_hidden_than_is_needed(material: Material) -> None:
    recipe = replace(RECIPE, most_questions=30)
    assert [len(rows) for rows in hide_folds(material, recipe, 0)] == [15, 15]


def test_the_answers_of_a_lesson_change_nothing_of_what_it_sees(material: Material) -> None:
    fold = hide(material)
    other = hide(changed(material, fold.hidden))
    assert same(fold_lesson(fold, RECIPE, 1).seen, fold_lesson(other, RECIPE, 1).seen)
    assert same(Lesson.join(cut_lessons(fold, RECIPE)).seen, Lesson.join(cut_lessons(other, RECIPE)).seen)


def test_the_ratings_that_are_not_hidden_do_change_what_it_sees(material: Material) -> None:
    fold = hide(material)
    other = hide(changed(material, fold.rest))
    assert not same(fold_lesson(fold, RECIPE, 1).seen, fold_lesson(other, RECIPE, 1).seen)


def test_a_lesson_without_moments_ignores_times(material: Material) -> None:
    """The same ratings all at one time: the order of a person's ratings stays as it was."""
    order = material.at.argsort()
    sorted_by_time = material.of(order)
    timeless = replace(sorted_by_time, at=torch.zeros_like(sorted_by_time.at))
    assert same(fold_lesson(hide(sorted_by_time), RECIPE, 1).seen, fold_lesson(hide(timeless), RECIPE, 1).seen)


def test_a_window_knows_nothing_of_what_comes_in_it_or_later(material: Material) -> None:
    window = (0.4, 0.7)
    late = (places_in_time(material) >= window[0]).nonzero()[:, 0]
    one, other = (timed_lesson(m, window, RECIPE, 1) for m in (material, changed(material, late)))
    assert same(one.seen, other.seen)


def test_questions_after_a_cut_are_asked_to_people_as_they_were(material: Material) -> None:
    """With the base as it is, the later ratings that are not hidden are not looked at either."""
    fold, recipe = hide(material), replace(RECIPE, cuts=(0.5,))
    later = fold.rest[places_in_time(material)[fold.rest] >= 0.5]
    other = replace(fold, material=changed(material, later))
    assert same(cut_lessons(fold, recipe)[0].seen, cut_lessons(other, recipe)[0].seen)


def test_every_hidden_rating_is_asked_about_and_newcomers_a_few_times_more(material: Material) -> None:
    fold = hide(material)
    lesson = fold_lesson(fold, replace(RECIPE, few=1), 1)
    whole = ~lesson.pretended
    assert lesson.row[whole].tolist() == fold.hidden.tolist()
    assert torch.equal(lesson.stars[whole], material.stars[fold.hidden])
    assert (~whole).sum() == len(set(material.user[fold.hidden].tolist()))


def test_a_pretended_newcomer_is_answered_without_his_ratings(material: Material) -> None:
    fold, recipe = hide(material), replace(RECIPE, newcomers=(0,))
    other = replace(fold, material=changed(material, fold.rest))
    newcomers = [fold_lesson(each, recipe, 1) for each in (fold, other)]
    one, two = (lesson.seen.of(lesson.pretended.nonzero()[:, 0]) for lesson in newcomers)
    assert same(one, two)


def test_places_in_time_run_from_0_to_1_in_the_order_of_time() -> None:
    at, user = torch.tensor([30, 10, 20, 5, 40]), torch.tensor([0, 0, 0, 1, 0])
    material = Material(user, user, at.float(), at, torch.zeros(2, 0), torch.zeros(2, 0), torch.zeros(2, 0), (1, 5))
    assert places_in_time(material).tolist() == [0.5, 0.0, 0.25, 0.0, 0.75]


def test_the_place_of_an_entry_is_the_number_of_the_same_before_it() -> None:
    assert place_of(torch.tensor([7, 3, 7, 7, 3])).tolist() == [0, 0, 1, 2, 1]


# ---- corrections and interval


def lesson_with(error: Tensor, brought: Tensor, told: Tensor) -> Lesson:
    parts = torch.full((len(error), 3), 1.0)
    nobody = torch.zeros(len(error), dtype=torch.bool)
    return Lesson(Seen(parts, brought, told), 3 + error, torch.arange(len(error)), nobody)


def test_the_corrections_find_what_the_heads_bring() -> None:
    dice = torch.Generator().manual_seed(0)
    brought, told = torch.randn(4000, 2, generator=dice), torch.randn(4000, 3, generator=dice)
    error = brought @ torch.tensor([0.5, -0.25]) + 0.1 * torch.randn(4000, generator=dice)
    skill, stars = learn_skill(lesson_with(error, brought, told), replace(RECIPE, epochs=4), 0)
    assert (3 + error - stars).square().mean() < 0.02  # by the half that has not seen the answer
    for correction in skill.corrections:
        torch.testing.assert_close(correction.heads.data, torch.tensor([0.5, -0.25]), atol=0.05, rtol=0)


def test_the_interval_is_wider_where_errors_are_and_covers_nine_tenths() -> None:
    dice = torch.Generator().manual_seed(0)
    x = torch.randn(20_000, 1, generator=dice).clamp(-2, 2)
    error = torch.randn(20_000, generator=dice) * (0.5 * x[:, 0]).exp()
    interval = learn_interval(x[:10_000], error[:10_000])
    sd, (low, high) = interval.sd(x[10_000:]).detach(), interval.quantiles
    covered = (error[10_000:] >= low * sd) & (error[10_000:] <= high * sd)
    assert covered.float().mean().item() == pytest.approx(0.9, abs=0.01)
    assert interval.a[1].item() == pytest.approx(0.5, abs=0.03)


def test_only_the_trusted_questions_tell_of_the_interval() -> None:
    dice = torch.Generator().manual_seed(0)
    brought, told = torch.zeros(2000, 1), torch.randn(2000, 1, generator=dice)
    error = torch.randn(2000, generator=dice)
    error[:1000] *= 0.01
    wide, narrow = (
        learn_skill(lesson_with(error, brought, told), RECIPE, 0, trusted=trusted)[0].interval for trusted in (1000, 0)
    )
    middle = torch.zeros(1, 1)
    assert wide.sd(middle) > narrow.sd(middle)


def test_the_same_seed_teaches_the_same_and_leaves_everybody_elses_dice_alone(material: Material) -> None:
    lesson, before = fold_lesson(hide(material), RECIPE, 1), torch.random.get_rng_state()
    (one, stars), (two, again), (_, other) = (learn_skill(lesson, RECIPE, seed) for seed in (0, 0, 1))
    assert torch.equal(stars, again)
    assert not torch.equal(stars, other)
    assert torch.equal(one.interval.a, two.interval.a)
    assert torch.equal(before, torch.random.get_rng_state())
