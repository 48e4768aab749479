"""Batches are of the right pictures, what decides was never learned from, only what finds more is taken into use."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Generator, nn

from services.images.collection import Collection, Kind, Picture, Role
from services.images.learn import (
    RECIPES,
    Lessons,
    Outcome,
    Recipe,
    Searched,
    Split,
    adapt,
    alike,
    batches,
    grouped,
    groups_of,
    jobs_of,
    lessons_of,
    newsletter,
    pooled,
    questions_of,
    rate,
    searched,
    splits_of,
    whitened,
)
from services.images.maps import Maps
from services.images.model import Embedding

CHANNELS, VIEWS = 12, 3
PLAIN = Recipe(views=VIEWS, batch=8, together=2, epochs=6, validation=0.25, learning_rate=0.05)


def collection_of(kind: Kind, identities: int, each: int = 2) -> Collection:
    roles: list[Role] = ["anchor", "positive"] if kind == "pairs" else ["any"] * each
    members = [(identity, role) for role in roles for identity in range(identities)]
    if kind == "unlabelled":
        members = [(row, role) for row, (_, role) in enumerate(members)]
    pictures = [Picture(Path(f"{n}.png"), str(n), i, role) for n, (i, role) in enumerate(members)]
    return Collection(Path(), kind, pictures, [str(i) for i in range(1 + max(i for i, _ in members))])


def maps_for(collection: Collection, noise: float) -> Maps:
    """Half of the channels tell the identity, the other half which picture it is, `noise` times as loud."""
    rng, half = np.random.default_rng(0), CHANNELS // 2
    told = rng.standard_normal((len(collection.identities), half))[[p.identity for p in collection.pictures]]
    own = noise * rng.standard_normal((len(told), half))
    views = np.repeat(np.hstack([told, own]), VIEWS, axis=0)  # (N * V, C)
    views += 0.02 * rng.standard_normal(views.shape) * (np.arange(len(views)) % VIEWS > 0)[:, None]
    first = {number: VIEWS * number for number in range(len(told))}
    return Maps(views.astype(np.float16)[:, :, None, None], first, [])


def embedding() -> Embedding:
    """A general one: every channel counts alike."""
    general = Embedding(nn.Conv2d(CHANNELS, CHANNELS, 1, bias=False), CHANNELS)
    general.top.weight.data = torch.eye(CHANNELS)[:, :, None, None]
    general.head.weight.data = F.pad(torch.eye(CHANNELS), (0, 0, 0, 256 - CHANNELS))
    general.head.bias.data.zero_()
    return general


def lessons(kind: Kind, identities: int = 24, noise: float = 2.0, each: int = 2) -> tuple[Lessons, Maps]:
    collection = collection_of(kind, identities, each)
    maps = maps_for(collection, noise)
    return lessons_of(collection, splits_of(len(collection.identities), PLAIN), maps), maps


def test_every_identity_has_one_use_and_the_shares_are_as_asked() -> None:
    splits = splits_of(80, replace(PLAIN, unseen=0.5, validation=0.25))
    assert [splits.count(split) for split in ("unseen", "validation", "train")] == [40, 10, 30]
    assert splits == splits_of(80, replace(PLAIN, unseen=0.5, validation=0.25))
    assert splits != splits_of(80, replace(PLAIN, unseen=0.5, validation=0.25, seed=1))


def test_nobody_asks_for_a_look_at_what_must_stay_unseen() -> None:
    collection, splits = collection_of("pairs", 8), splits_of(8, replace(PLAIN, unseen=0.5))
    jobs = jobs_of(collection, splits, PLAIN)
    assert {splits[job.picture.identity] for job in jobs} == {"train", "validation"}
    assert {job.views for job in jobs if splits[job.picture.identity] == "train"} == {VIEWS}


def test_an_epoch_of_pairs_has_each_once_and_both_sides_in_the_same_view() -> None:
    taught, _ = lessons("pairs")
    anchors, positives = taught.trained
    seen = []
    for batch in batches(taught, PLAIN, np.random.default_rng(0)):
        left, right = batch.rows.reshape(2, -1)
        assert (left % VIEWS == right % VIEWS).all()
        seen += (left // VIEWS).tolist()
        place = {row: number for number, row in enumerate(anchors.rows)}
        assert [positives.rows[place[row - row % VIEWS]] for row in left] == (right - right % VIEWS).tolist()
    assert sorted(seen) == sorted(anchors.rows // VIEWS)


def test_a_batch_of_classes_has_as_many_pictures_of_each_as_asked() -> None:
    taught, _ = lessons("classes", identities=8, each=3)
    for batch in batches(taught, PLAIN, np.random.default_rng(0)):
        _, counts = np.unique(batch.identities, return_counts=True)
        assert counts.tolist() == [2, 2, 2, 2]


def test_a_class_of_one_picture_is_not_drawn() -> None:
    collection = collection_of("classes", 6)
    alone = replace(collection, pictures=collection.pictures[:-1])  # the last class has one left
    taught = lessons_of(alone, ["train"] * 6, maps_for(alone, noise=2.0))
    drawn = [batch.identities for _ in range(20) for batch in batches(taught, PLAIN, np.random.default_rng(_))]
    assert set(np.concatenate(drawn)) == {0, 1, 2, 3, 4}


def test_a_picture_without_a_label_is_paired_with_another_view_of_itself() -> None:
    taught, _ = lessons("unlabelled")
    for batch in batches(taught, PLAIN, np.random.default_rng(0)):
        left, right = batch.rows.reshape(2, -1)
        assert (left // VIEWS == right // VIEWS).all()
        assert (left != right).all()


def test_a_pair_with_a_side_that_could_not_be_read_is_left_out() -> None:
    collection = collection_of("pairs", 4)
    maps = maps_for(collection, noise=2.0)
    del maps.first[1], maps.first[6]  # the anchor of 1 and the positive of 2
    taught = lessons_of(collection, ["train"] * 4, maps)
    assert [side.identities.tolist() for side in taught.trained] == [[0, 3], [0, 3]]


def test_what_decides_is_never_learned_from_and_searches_among_both() -> None:
    taught, _ = lessons("classes", each=3)
    held, trained = taught.held[0], taught.trained[0]
    questions = questions_of(taught)
    assert not set(held.identities) & set(trained.identities)
    assert len(questions.gallery) == len(held.rows) + len(trained.rows)
    assert (questions.right.sum(1) == 2).all()  # the two others of its class
    assert (questions.left_out.sum(1) == 1).all()  # and not itself


def test_a_picture_without_a_label_should_find_itself_where_nothing_looks_like_it() -> None:
    questions = questions_of(lessons("unlabelled")[0])
    assert (questions.right.sum(1) == 1).all()
    assert (questions.gallery[questions.right.argmax(1)] + 1 == questions.queries).all()


def test_pictures_are_alike_that_are_each_others_nearest_and_nearer_than_two_views_of_one() -> None:
    angles = torch.tensor([0.0, 4, 90, 130, 250]).deg2rad()
    pictures = F.pad(torch.stack([angles.cos(), angles.sin()], dim=1), (0, 254))
    turned = (angles + math.radians(10)).unsqueeze(1)
    again = F.pad(torch.cat([turned.cos(), turned.sin()], dim=1), (0, 254))
    assert alike(pictures, again).tolist() == [[0, 1], [1, 0]]  # 40° apart is more than the 10° of two views


def test_a_group_is_all_that_can_be_reached() -> None:
    edges = np.array([[4, 2], [2, 4], [2, 5], [5, 2], [1, 0], [0, 1]])
    assert groups_of(edges, 7).tolist() == [0, 0, 2, 3, 2, 2, 6]
    assert groups_of(np.empty((0, 2), dtype=np.int64), 3).tolist() == [0, 1, 2]


def test_pictures_that_look_alike_are_learned_as_one_thing() -> None:
    """Two photographs each of twenty things, without a label."""
    labelled = collection_of("classes", 20)
    alone = [picture._replace(identity=row) for row, picture in enumerate(labelled.pictures)]
    collection = replace(labelled, kind="unlabelled", pictures=alone, identities=[str(n) for n in range(40)])
    maps = maps_for(labelled, noise=0.0)
    taught = grouped(lessons_of(collection, ["train"] * 40, maps), embedding(), maps)
    pictures = taught.trained[0]
    assert pictures.identities.tolist() == [*range(20)] * 2
    for batch in batches(taught, PLAIN, np.random.default_rng(0)):
        left, right = batch.rows.reshape(2, -1) // VIEWS
        assert (left % 20 == right % 20).all()


def test_a_search_is_sorted_and_knows_what_was_right() -> None:
    questions = questions_of(lessons("classes", identities=4, each=3)[0])
    vectors = F.normalize(torch.randn(100, 5, generator=Generator().manual_seed(0)), dim=1)
    queries, gallery = vectors[: len(questions.queries)], vectors[50 : 50 + len(questions.gallery)]
    found = searched(queries, gallery, questions, most=4)
    for row, query in enumerate(queries):
        cosines = [float(query @ g) if not questions.left_out[row, n] else -9 for n, g in enumerate(gallery)]
        best = sorted(range(len(cosines)), key=lambda n: -cosines[n])[:4]
        assert found.cosines[row] == pytest.approx([cosines[n] for n in best], abs=1e-6)
        assert found.right[row].tolist() == [bool(questions.right[row, n]) for n in best]
    assert found.all_right.tolist() == questions.right.sum(1).tolist()


def test_recall_counts_as_many_places_as_there_are_right_pictures() -> None:
    right = np.array([[True, False, True], [False, True, False], [False, False, False]])
    found = Searched(np.zeros((3, 3)), right, np.array([2, 1, 0]))  # nothing is right for the third, so it says nothing
    assert found.recall == (1 / 2 + 0) / 2


def test_the_whitened_head_hears_little_of_what_differs_within_an_identity() -> None:
    generator = Generator().manual_seed(0)
    identities = torch.arange(50).repeat(2)
    told = torch.randn(50, 4, generator=generator)[identities]
    features = torch.cat([told, 5 * torch.randn(100, 4, generator=generator)], dim=1)
    weight, bias = whitened(features, identities, shrinkage=0.01)
    assert weight[:, :4].norm() > 3 * weight[:, 4:].norm()
    torch.testing.assert_close(features @ weight.T + bias, (features - features.mean(0)) @ weight.T)


@pytest.mark.parametrize("kind", ["pairs", "classes"])
@pytest.mark.parametrize("loss", ["triplet", "multi-similarity", "infonce"])
def test_training_finds_more_of_identities_it_never_saw_and_is_then_taken_into_use(kind: Kind, loss: str) -> None:
    taught, maps = lessons(kind, identities=80, each=4)
    outcome = adapt(embedding(), taught, maps, replace(PLAIN, loss=loss, margin=0.5, epochs=10, patience=10))
    assert outcome.after > outcome.before + 0.2
    assert outcome.adopted


def test_what_finds_everything_already_is_not_replaced() -> None:
    taught, maps = lessons("pairs", noise=0.0)
    outcome = adapt(embedding(), taught, maps, PLAIN)
    assert outcome.before == 1
    assert not outcome.adopted


def test_an_equal_recall_is_no_reason_to_change() -> None:
    assert not Outcome(0.7, [0.7, 0.6]).adopted
    assert Outcome(0.7, [0.6, 0.71]).adopted


def test_what_stays_is_the_embedding_that_found_most() -> None:
    taught, maps = lessons("pairs", identities=40)
    adapted = embedding()
    outcome = adapt(adapted, taught, maps, replace(PLAIN, epochs=10, patience=2))
    questions = questions_of(taught)
    queries, gallery = (adapted(maps[rows]) for rows in (questions.queries, questions.gallery))
    assert searched(queries.detach(), gallery.detach(), questions).recall == outcome.after


def test_where_only_the_head_learns_the_rest_stays_to_the_bit() -> None:
    taught, maps = lessons("pairs", identities=40)
    adapted, before = embedding(), embedding()
    outcome = adapt(adapted, taught, maps, replace(PLAIN, scope="head", epochs=10, patience=10))
    assert outcome.adopted
    assert torch.equal(adapted.top.weight, before.top.weight)  # type: ignore[arg-type]


def test_the_same_seed_learns_the_same_and_another_does_not() -> None:
    taught, maps = lessons("classes")
    heads = []
    for seed in (1, 1, 2):
        adapted = embedding()
        adapt(adapted, taught, maps, replace(PLAIN, seed=seed))
        heads.append(adapted.head.weight)
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_the_learning_rate_rises_then_falls_to_zero() -> None:
    rates = [rate(step, 100, replace(PLAIN, learning_rate=1.0)) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates.index(max(rates)) == 9
    assert rates[50] == pytest.approx(0.5)
    assert rates[100] == pytest.approx(0)


def test_pooled_features_are_the_means_of_the_cells() -> None:
    maps = Maps(np.random.default_rng(0).standard_normal((5, CHANNELS, 2, 2)).astype(np.float16), {}, [])
    features = pooled(embedding(), maps, np.array([3, 1]))
    torch.testing.assert_close(features, torch.from_numpy(maps.maps[[3, 1]].astype(np.float32)).mean((2, 3)))


@pytest.mark.parametrize("kind", RECIPES)
def test_the_newsletters_recipe_is_its_own_whatever_the_pictures(kind: Kind) -> None:
    recipe = newsletter(RECIPES[kind])
    assert (recipe.loss, recipe.negatives, recipe.margin, recipe.start) == ("triplet", "random", 0.5, "random")


def test_splits_are_words_that_serving_reads() -> None:
    splits: list[Split] = splits_of(3, replace(PLAIN, unseen=0.34, validation=0.5))
    assert sorted(splits) == ["train", "unseen", "validation"]
