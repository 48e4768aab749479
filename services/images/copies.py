"""Edited copies of one picture: a vector that finds candidates, and laying one picture over the other, which decides.

No network and no hash is sure of a picture that was cut in half: both say what it shows, and shelves show the same
thing many times. So the nearest in the `copies` space are only candidates. Each is then compared pixel by pixel at
64 x 64, with the query mirrored, turned and shrunk to a part of it; a crop agrees with the picture it was cut from to
0.9 and more, with another photograph of the same shelf hardly ever.
"""

import io
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from torch import Tensor

from services.images.phash import grey, signs

SIDE, COARSE = 64, 32  # pixels a side of the thumbnails that are laid over each other, and of the first look
HASH = 0.15  # share of the perceptual hash in the fused cosine; the network's is the rest
CANDIDATES = 100  # nearest in the space worth a first look
REFINED = 6  # of these, worth a second
FUSED = 0.2  # weight of the fused cosine where the pixels of two pictures agree equally well
# The score of an edited copy. On half of the photographs, 3 in 100 copies score less than this, and to as many queries
# another photograph scores more, always one of the same product on the same shelf.
EDITED = 0.875
NOISE = (4 / 255) ** 2  # variance of a pixel below which two flat areas agree by chance

SCALES = (1, 0.94, 0.88, 0.82, 0.76, 0.7, 0.65, 0.6, 0.55, 0.5)  # side of a crop, as a share of the picture's
TURNS = (-20, -15, -10, -5, 5, 10, 15, 20)  # degrees
WHOLE = 0.8  # side of the middle that a turn by up to 20° leaves whole

Edit = Callable[[Image.Image, np.random.Generator], Image.Image]


def vectors(embedded: Tensor, thumbs: Tensor) -> Tensor:
    """[√(1 - h) network, √h hash] of unit vectors (N, D) and thumbnails: unit vectors (N, D + 64).

    Their inner product is the fused cosine, (1 - h) of the network's and h of the hash's.
    """
    return torch.cat([math.sqrt(1 - HASH) * embedded, math.sqrt(HASH) * signs(thumbs)], dim=1)


def thumbnails(pictures: Tensor) -> Tensor:
    """(N, 3, H, W) of 0 to 255 to (N, 3, 64, 64), uint8: 12 kB a picture, all that a later comparison needs."""
    small = F.interpolate(pictures.float(), (SIDE, SIDE), mode="bilinear", antialias=True)
    return small.round().clamp(0, 255).to(torch.uint8)


class Look(NamedTuple):
    """How the query is laid over a candidate: mirrored, turned back, and how much of the candidate's side it covers."""

    mirrored: bool
    turn: float  # degrees that the query was turned by, against the clock
    scale: float


FIRST_LOOKS = [Look(mirrored, 0, scale) for mirrored in (False, True) for scale in SCALES] + [
    Look(mirrored, turn, 1) for mirrored in (False, True) for turn in TURNS
]


def near(look: Look) -> list[Look]:
    """The looks around one that fitted, finer than the first grid."""
    if look.turn == 0:
        scales = [look.scale * by for by in (0.94, 0.97, 1, 1.03, 1.06)]
        return [look._replace(scale=scale) for scale in scales if scale <= 1]
    turns = [look.turn + by for by in (-2.5, 0, 2.5)]
    return [Look(look.mirrored, turn, by) for turn in turns for by in (0.97, 1, 1.03)]


def template(picture: Tensor, look: Look) -> Tensor:
    """What of `picture` (C, S, S) is laid over a candidate: (C, t, t), t its side in the candidate's pixels."""
    picture = picture.flip(2) if look.mirrored else picture
    if look.turn == 0:
        side = round(look.scale * picture.shape[1])
        return F.interpolate(picture.unsqueeze(0), (side, side), mode="bilinear", antialias=True)[0]
    side, angle = round(look.scale * WHOLE * picture.shape[1]), math.radians(look.turn)
    cos, sin = WHOLE * math.cos(angle), WHOLE * math.sin(angle)
    grid = F.affine_grid(torch.tensor([[[cos, sin, 0], [-sin, cos, 0]]]), [1, 1, side, side], align_corners=False)
    return F.grid_sample(picture.unsqueeze(0), grid, align_corners=False)[0]


class Candidates:
    """Pictures (M, C, S, S) that templates are slid over: their spectra, and sums over any window by two look-ups."""

    def __init__(self, pictures: Tensor) -> None:
        self.side = pictures.shape[-1]
        self.spectra = torch.fft.rfft2(pictures)  # (M, C, S, S // 2 + 1)
        padded = F.pad(pictures, (1, 0, 1, 0)).double()
        self.sums = padded.cumsum(2).cumsum(3)  # (M, C, S + 1, S + 1)
        self.squares = padded.square().cumsum(2).cumsum(3)

    def spread(self, side: int) -> Tensor:
        """The sum of squared deviations from the mean in every window of `side` pixels, over all channels."""

        def windows(sums: Tensor) -> Tensor:
            right, left = sums[..., side:], sums[..., :-side]
            return (right - left)[..., side:, :] - (right - left)[..., :-side, :]

        spread = windows(self.squares) - windows(self.sums).square() / side**2
        return spread.clamp(min=0).sum(1).float()  # (M, S - t + 1, S - t + 1)

    def correlations(self, templates: Sequence[Tensor]) -> Tensor:
        """Of every template with every candidate, (V, M); those of one side together."""
        sides = [laid.shape[1] for laid in templates]
        found = torch.empty(len(templates), len(self.spectra))
        for side in set(sides):
            rows = [row for row, its in enumerate(sides) if its == side]
            found[rows] = self.correlation(torch.stack([templates[row] for row in rows]))
        return found

    def correlation(self, laid: Tensor) -> Tensor:
        """The normalised cross-correlation (-1 to 1) of templates (V, C, t, t) where they fit best, (V, M).

        Lewis 1995, "Fast Normalized Cross-Correlation", eq. 2, all places at once by the Fourier transform; a mean is
        taken off each channel, so that brightness does not count. `NOISE` keeps flat areas from agreeing by chance.
        """
        _, channels, side, _ = laid.shape
        laid = laid - laid.mean((2, 3), keepdim=True)
        spectra = torch.fft.rfft2(laid, s=(self.side, self.side)).conj()
        places = torch.fft.irfft2(torch.einsum("mcyx,vcyx->vmyx", self.spectra, spectra), s=(self.side, self.side))
        fitting = places[..., : self.side - side + 1, : self.side - side + 1]  # the template lies wholly inside
        noise = NOISE * side**2 * channels
        contrast = laid.square().sum((1, 2, 3)) + noise  # (V,)
        agreed: Tensor = fitting / ((self.spread(side) + noise) * contrast.view(-1, 1, 1, 1)).sqrt()
        return agreed.flatten(2).amax(2)


def halved(pictures: Tensor) -> Tensor:
    """(M, 3, 64, 64) to grey (M, 1, 32, 32), for the first look."""
    return F.avg_pool2d(grey(pictures).unsqueeze(1), SIDE // COARSE)


def agreement(query: Tensor, candidates: Tensor, fused: Tensor) -> Tensor:
    """How well a thumbnail (3, 64, 64) agrees with a part of each candidate (M, 3, 64, 64): (M,), at most 1.

    The mean of a first look, grey at 32 x 32, all looks at all candidates, and of a second, in colour at 64 x 64, near
    the best look of the `REFINED` best candidates; those that no second look was worth keep half of their first.
    """
    query, candidates = query.float() / 255, candidates.float() / 255
    small, gallery = halved(query.unsqueeze(0))[0], Candidates(halved(candidates))
    first, best = gallery.correlations([template(small, look) for look in FIRST_LOOKS]).max(0)  # (M,) each
    second = torch.zeros_like(first)
    for place in (first + FUSED * fused).topk(min(REFINED, len(first))).indices.tolist():
        one = Candidates(candidates[place : place + 1])
        second[place] = one.correlations([template(query, look) for look in near(FIRST_LOOKS[best[place]])]).max()
    return (first + second) / 2


def scores(query: Tensor, candidates: Tensor, fused: Tensor) -> Tensor:
    """What candidates are ranked by, at most 1, and `EDITED` decides on: agreement and a little fused cosine, (M,)."""
    return (agreement(query, candidates, fused) + FUSED * fused) / (1 + FUSED)


def both_ways(left: Tensor, right: Tensor, fused: Tensor) -> Tensor:
    """The score of pairs (P, 3, 64, 64) each, whichever of the two is a part of the other: (P,)."""
    pairs = zip(left, right, fused, strict=True)
    found = [
        max(scores(a, b.unsqueeze(0), cosine.unsqueeze(0)), scores(b, a.unsqueeze(0), cosine.unsqueeze(0)))
        for a, b, cosine in pairs
    ]
    return torch.cat(found) if found else torch.empty(0)


# What people do to pictures before they post them again, for measuring; each a seeded draw.


def compressed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=10)
    return Image.open(buffer).convert("RGB")


def crop(share: float) -> Edit:
    """A part of `share` of each side, anywhere."""

    def edit(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        width, height = (max(1, round(share * side)) for side in image.size)
        left, top = (int(rng.integers(0, room + 1)) for room in (image.width - width, image.height - height))
        return image.crop((left, top, left + width, top + height))

    return edit


def brighter(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return ImageEnhance.Color(ImageEnhance.Brightness(image).enhance(1.6)).enhance(0.4)


def shrunk(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    width, height = (max(1, side // 4) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC)


EDITS: dict[str, Edit] = {
    "JPEG quality 10": compressed,
    "grey": lambda image, rng: ImageOps.grayscale(image).convert("RGB"),
    "blur, radius 1/56 of the side": lambda image, rng: image.filter(ImageFilter.GaussianBlur(max(image.size) / 56)),
    "crop, 70 % of the side": crop(0.7),
    "crop, 50 % of the side": crop(0.5),
    "flip": lambda image, rng: ImageOps.mirror(image),
    "rotation by 15°": lambda image, rng: image.rotate(15, Image.Resampling.BICUBIC),
    "brightness 1.6, colour 0.4": brighter,
    "resize to a quarter": shrunk,
}


def edited(image: Image.Image, seed: Sequence[int]) -> dict[str, Image.Image]:
    """Every edit of an RGB picture, by its name."""
    return {
        name: edit(image, np.random.default_rng([*seed, place])) for place, (name, edit) in enumerate(EDITS.items())
    }
