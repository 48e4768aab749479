"""Edited copies: found by their vectors, and told from other pictures by laying one over the other."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from services.images.copies import (
    EDITED,
    EDITS,
    FIRST_LOOKS,
    HASH,
    SIDE,
    Candidates,
    Look,
    both_ways,
    edited,
    scores,
    template,
    thumbnails,
    vectors,
)
from services.images.phash import signs


def scene(seed: int) -> Image.Image:
    """Shapes of all sizes, coarse ones and on them finer and finer ones, in light more than in colour."""
    rng = np.random.default_rng(seed)
    whole = np.full((240, 240, 3), 110.0)
    for octave in (1, 2, 4, 8):
        shades = rng.normal(0, 60 / octave, (3 * octave, 3 * octave, 1)) + rng.normal(0, 15, 3)
        whole += np.dstack([np.array(Image.fromarray(plane).resize((240, 240))) for plane in np.moveaxis(shades, 2, 0)])
    return Image.fromarray(np.clip(whole, 0, 255).astype(np.uint8))


def thumbnail(image: Image.Image) -> Tensor:
    pixels = torch.from_numpy(np.array(image.convert("RGB").resize((224, 224)))).permute(2, 0, 1)
    return thumbnails(pixels.unsqueeze(0))[0]  # (3, 64, 64)


@pytest.fixture(scope="module")
def gallery() -> Tensor:
    return torch.stack([thumbnail(scene(seed)) for seed in range(12)])  # (12, 3, 64, 64)


NOTHING = torch.zeros(12)  # the cosines of a network that sees nothing


@pytest.mark.parametrize("name", EDITS)
def test_every_edit_is_laid_on_the_picture_it_was_made_from(gallery: Tensor, name: str) -> None:
    for seed in (3, 8):
        found = scores(thumbnail(edited(scene(seed), [seed])[name]), gallery, NOTHING)
        assert found.argmax() == seed
        assert found[seed] > found[torch.arange(12) != seed].max() + 0.05


def test_a_picture_agrees_with_itself_and_no_other(gallery: Tensor) -> None:
    found = scores(gallery[5], gallery, (torch.arange(12) == 5).float())
    assert found[5] == pytest.approx(1, abs=0.01)
    assert (found >= EDITED).sum() == 1


def test_either_may_be_a_part_of_the_other(gallery: Tensor) -> None:
    whole, part = gallery[2], thumbnail(edited(scene(2), [0])["crop, 50 % of the side"])
    one = torch.ones(1)
    assert both_ways(whole[None], part[None], one) > EDITED
    torch.testing.assert_close(both_ways(whole[None], part[None], one), both_ways(part[None], whole[None], one))
    assert scores(whole, part[None], one) < scores(part, whole[None], one)


def test_no_pairs_have_no_scores() -> None:
    assert both_ways(torch.empty(0, 3, SIDE, SIDE), torch.empty(0, 3, SIDE, SIDE), torch.empty(0)).shape == (0,)


def test_the_correlation_is_that_of_a_loop_over_all_places(gallery: Tensor) -> None:
    picture, laid = gallery[:1, :, :20, :20].float() / 255, gallery[1, :, 5:17, 5:17].float() / 255
    places = picture[0].unfold(1, 12, 1).unfold(2, 12, 1).permute(1, 2, 0, 3, 4).reshape(81, 3, 144)
    windows = (places - places.mean(2, keepdim=True)).flatten(1)  # (81, 432)
    wanted = (laid.flatten(1) - laid.flatten(1).mean(1, keepdim=True)).flatten()
    noise = (4 / 255) ** 2 * 432
    by_loop = windows @ wanted / ((windows.square().sum(1) + noise) * (wanted.square().sum() + noise)).sqrt()
    torch.testing.assert_close(Candidates(picture).correlation(laid[None])[0, 0], by_loop.max(), rtol=1e-3, atol=1e-4)


def test_two_flat_pictures_do_not_agree() -> None:
    flat = torch.full((2, 3, SIDE, SIDE), 200, dtype=torch.uint8)
    flat[1] = 90
    assert scores(flat[0], flat, torch.zeros(2)).abs().max() < 0.1


def test_a_turned_template_undoes_the_turn() -> None:
    upright = scene(1).resize((SIDE, SIDE))
    turned = np.array(upright.rotate(15, Image.Resampling.BICUBIC))
    straight = torch.from_numpy(np.array(upright)).permute(2, 0, 1).float()
    back = template(torch.from_numpy(turned).permute(2, 0, 1).float(), Look(False, 15, 1))
    middle = template(straight, Look(False, 0, 1))[:, 7:58, 7:58]  # 51 pixels: 0.8 of 64
    assert (back - middle).abs().mean() < 6


def test_a_template_has_the_side_of_its_share() -> None:
    picture = torch.rand(1, 32, 32)
    sides = [template(picture, look).shape[1] for look in FIRST_LOOKS[:10]]
    assert sides == [32, 30, 28, 26, 24, 22, 21, 19, 18, 16]


def test_the_inner_product_of_two_vectors_is_the_fused_cosine(gallery: Tensor) -> None:
    embedded = torch.nn.functional.normalize(torch.rand(12, 256), dim=1)
    ours, hashes = vectors(embedded, gallery), signs(gallery)
    torch.testing.assert_close(ours.norm(dim=1), torch.ones(12))
    fused = (1 - HASH) * embedded @ embedded.T + HASH * hashes @ hashes.T
    torch.testing.assert_close(ours @ ours.T, fused)


def test_the_same_seed_crops_the_same_part() -> None:
    for name, first in edited(scene(0), [4]).items():
        assert first.tobytes() == edited(scene(0), [4])[name].tobytes()
    assert edited(scene(0), [4])["crop, 50 % of the side"] != edited(scene(0), [5])["crop, 50 % of the side"]


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1)])
def test_the_thinnest_picture_is_edited_and_compared_too(size: tuple[int, int]) -> None:
    thin = Image.new("RGB", size, "teal")
    for copy in edited(thin, [0]).values():
        score = scores(thumbnail(copy), thumbnail(thin)[None], torch.zeros(1))
        assert torch.isfinite(score).all()
