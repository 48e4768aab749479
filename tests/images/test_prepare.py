"""Names, drawings and weights of the default set; what prepare wrote is as it says."""

import numpy as np
import pytest
from PIL import Image

from services.images.model import EfficientNetLite0
from services.images.prepare import ink, line_art, name_of, our_name
from services.images.settings import Settings
from shared.artifacts import verify
from shared.tensors import load_tensors

DATA = Settings().data


def test_anchors_and_positives_have_equal_names() -> None:
    anchors, positives = ({file.name for file in (DATA / side).iterdir()} for side in ("anchor", "positive"))
    assert anchors == positives
    assert len(anchors) > 1000
    assert "OpenMoji" in str(verify(DATA).config["attribution"])


def test_anchors_are_coloured_and_positives_are_not() -> None:
    anchor, positive = (Image.open(DATA / side / "1F34E.png").convert("RGB") for side in ("anchor", "positive"))
    assert anchor.size == positive.size == (224, 224)
    assert np.ptp(np.asarray(anchor), axis=2).max() > 100
    assert np.ptp(np.asarray(positive), axis=2).max() == 0


def test_a_line_drawing_does_not_lie_on_its_anchor() -> None:
    """Or a comparison of edges would be enough."""
    strokes = np.asarray(line_art(Image.open(DATA / "anchor" / "1F34E.png").convert("RGB"))) < 128
    positive = np.asarray(Image.open(DATA / "positive" / "1F34E.png")) < 128
    assert (strokes & positive).sum() < 0.5 * strokes.sum()


def test_line_art_is_what_is_dark_and_where_colours_meet() -> None:
    stripes = Image.new("RGB", (12, 1), "yellow")
    stripes.paste((10, 20, 30), (0, 0, 4, 1))
    stripes.paste("lightblue", (8, 0, 12, 1))
    black, white = 0, 255
    assert np.asarray(line_art(stripes)).tolist() == [[*[black] * 5, white, white, black, black, *[white] * 3]]
    assert ink(line_art(stripes)) == 7 / 12


def test_pictographs_have_unicodes_names_or_their_number() -> None:
    assert name_of(0x1F34E) == "red apple"
    assert name_of(0x1FFFF) == "U+1FFFF"  # assigned to nothing


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("_conv_stem.weight", "stem.conv.weight"),
        ("_bn0.bias", "stem.norm.bias"),
        ("_bn1.running_mean", "top.norm.running_mean"),
        ("_blocks.3._bn1.weight", "blocks.3.depthwise.norm.weight"),
        ("_blocks.0._project_conv.weight", "blocks.0.project.conv.weight"),
    ],
)
def test_the_checkpoints_names_become_ours(theirs: str, ours: str) -> None:
    assert our_name(theirs) == ours


def test_the_backbone_takes_every_weight_and_misses_none() -> None:
    EfficientNetLite0().load_state_dict(load_tensors(DATA / "backbone.safetensors"), strict=True)


def test_no_pictograph_is_cut_off() -> None:
    for file in sorted((DATA / "anchor").iterdir()):
        rim = np.array(Image.open(file).convert("L"))
        rim[1:-1, 1:-1] = 255
        assert rim.min() > 128, file.name
