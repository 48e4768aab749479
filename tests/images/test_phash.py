"""The perceptual hash, against scipy's transform and by what it forgives."""

import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps
from scipy.fft import dctn
from torch import Tensor

from services.images.phash import BITS, KEPT, cosines, grey, signs


def as_tensor(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).unsqueeze(0)  # (1, 3, H, W)


def scene(seed: int = 0) -> Image.Image:
    """Soft shapes, as photographs are: noise has no low frequencies."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((120, 90), Image.Resampling.BICUBIC)


def differing(left: Image.Image, right: Image.Image) -> int:
    return int((signs(as_tensor(left)) != signs(as_tensor(right))).sum())


def test_the_basis_is_the_cosine_transform() -> None:
    square = torch.rand(32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    basis = cosines(32, KEPT).double()
    ours = 4 * basis @ square @ basis.T  # scipy's DCT-II is twice ours in each direction
    torch.testing.assert_close(ours, torch.from_numpy(dctn(square.numpy())[:KEPT, :KEPT]), rtol=1e-5, atol=1e-3)


def test_grey_is_what_pillow_makes_of_it() -> None:
    ours, theirs = grey(as_tensor(scene()).float())[0], torch.from_numpy(np.array(ImageOps.grayscale(scene())))
    assert (ours - theirs).abs().max() <= 1


def test_a_hash_is_a_unit_vector_of_64_signs_half_of_them_up() -> None:
    hashes = signs(as_tensor(scene()))
    assert hashes.shape == (1, BITS)
    torch.testing.assert_close(hashes.norm(), torch.tensor(1.0))
    assert (hashes > 0).sum() == BITS // 2


def test_the_inner_product_tells_how_many_bits_differ() -> None:
    left, right = signs(as_tensor(scene(0)))[0], signs(as_tensor(scene(1)))[0]
    torch.testing.assert_close(left @ right, 1 - 2 * (left != right).sum() / BITS)


def test_grey_blur_and_size_change_few_bits() -> None:
    image = scene()
    assert differing(image, ImageOps.grayscale(image)) <= 2
    assert differing(image, image.filter(ImageFilter.GaussianBlur(2))) <= 4
    assert differing(image, image.resize((60, 45))) <= 4


def test_another_picture_differs_in_many() -> None:
    assert min(differing(scene(0), scene(seed)) for seed in range(1, 10)) >= 16
