"""The trained model is worth its training, and evaluate measures what it says."""

import numpy as np
import pytest
from PIL import Image

from services.images.engine import Engine
from services.images.evaluate import hog, phash, retrieval, unit, untrained
from services.images.features import decode
from services.images.settings import Settings


def test_ranks_become_recall_and_average_precision() -> None:
    gallery = np.eye(10, dtype=np.float32)
    queries = gallery.copy()
    queries[0] = gallery[1] + 0.5 * gallery[0]  # its own is second
    queries[1] = np.linspace(1, 0, 10)  # its own is second, too
    recall_1, recall_5, mean_average_precision = retrieval(queries, gallery, range(10))
    assert (recall_1, recall_5) == (0.8, 1.0)
    assert mean_average_precision == pytest.approx(0.9)


@pytest.mark.parametrize("describe", [hog, phash])
def test_the_baselines_find_a_picture_that_only_got_smaller(describe: object, noise: Image.Image) -> None:
    assert callable(describe)
    smooth = noise.resize((12, 8)).resize((240, 160))
    others = [smooth.rotate(90), smooth.transpose(Image.Transpose.FLIP_LEFT_RIGHT), smooth]
    gallery = np.stack([describe(other) for other in others])
    assert (unit(gallery) @ unit(describe(smooth.resize((120, 80)))[None])[0]).argmax() == 2


def test_unseen_line_art_finds_its_pictograph_far_more_often_than_with_the_untrained_backbone(engine: Engine) -> None:
    """Among every sixth of the unseen, as it is quick; the published figures are on all of them."""
    rows = [row for row in engine.rows if row.split == "unseen"][::6]
    folder = Settings().data / "positive"
    queries = [decode((folder / row.file).read_bytes(), engine.settings.max_pixels) for row in rows]
    anchors = [engine.open(row.id) for row in rows]
    trained, *_ = retrieval(engine.embed(queries), engine.embed(anchors), range(len(rows)))
    backbone, *_ = retrieval(untrained(engine, queries), untrained(engine, anchors), range(len(rows)))
    assert trained > backbone + 0.2


def test_embedding_one_by_one_or_together_is_the_same(engine: Engine) -> None:
    images = [engine.open(row.id) for row in engine.rows[:3]]
    together, alone = engine.embed(images), np.concatenate([engine.embed([image]) for image in images])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together, [engine.store.get(row.id) for row in engine.rows[:3]], atol=1e-5)
