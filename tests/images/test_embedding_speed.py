"""The benchmark of embedding compares what it says: all ways give the same vectors, of the same files."""

import numpy as np
import pytest
import torch
from PIL import Image

from services.images.backbones import BACKBONES
from services.images.model import Siamese
from services.images.speed.embedding import DEFAULT, NAIVE, batches_of, candidates, ratio_figures, smallest_cosines
from tests.images.pictures import encoded
from tests.images.test_fused import lively


def test_every_way_gives_the_same_vectors() -> None:
    network = lively(Siamese(BACKBONES["lite0"]))
    assert isinstance(network, Siamese)
    blobs = np.random.default_rng(0).integers(0, 256, (3, 5, 5, 3), dtype=np.uint8)
    raws = [encoded(Image.fromarray(blob).resize((300, 200)), "JPEG") for blob in blobs]
    with torch.inference_mode():
        cosines = smallest_cosines(candidates(network), raws)
    assert DEFAULT in cosines
    assert NAIVE not in cosines
    assert min(cosines.values()) > 0.99


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    (figure,) = ratio_figures({DEFAULT: [1.0, 2.0, 10.0], NAIVE: [4.0, 4.0, 50.0]}, "")
    assert figure.value == 4


@pytest.mark.parametrize("many", [1, 16, 17])
def test_batches_hold_every_file_once(many: int) -> None:
    raws = [bytes([number]) for number in range(many)]
    assert [raw for batch in batches_of(raws) for raw in batch] == raws
