"""Names, drawings and weights; folders of one's own; what prepare wrote is as it says."""

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torchvision.models import resnet50

from services.images.backbones import BACKBONES
from services.images.checkpoints import checked_by_name, our_name, refuse_another, weights_of
from services.images.collection import fingerprint, prepared, read_collection
from services.images.pictographs import PICTOGRAPHS, ink, line_art, name_of
from services.images.prepare import copy_pictures, manifest, stays
from services.images.settings import Settings
from shared.artifacts import sha256_of, verify, write_manifest
from shared.commands import CannotDo
from shared.tensors import load_tensors
from tests.images.pictures import encoded

DATA = Settings().data
LIMIT = 25_000_000


def asked(**words: object) -> Namespace:
    nothing = {"source": None, "backbone": None, "weights": None, "attribution": "me", "seed": 0, "force": False}
    return Namespace(**nothing | words)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Three pairs, of which one has a broken half."""
    for side in ("anchor", "positive"):
        (tmp_path / "mine" / side).mkdir(parents=True)
        for number in range(3):
            picture = Image.new("RGB", (9, 9), (50 * number, 200, 90 if side == "anchor" else 0))
            (tmp_path / "mine" / side / f"{number}.png").write_bytes(encoded(picture, "PNG"))
    (tmp_path / "mine/positive/2.png").write_bytes(b"\x89PNG and no more")
    return tmp_path / "mine"


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


def test_no_pictograph_is_cut_off() -> None:
    for file in sorted((DATA / "anchor").iterdir()):
        rim = np.array(Image.open(file).convert("L"))
        rim[1:-1, 1:-1] = 255
        assert rim.min() > 128, file.name


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("_conv_stem.weight", "stem.conv.weight"),
        ("_bn0.bias", "stem.norm.bias"),
        ("_bn1.running_mean", "top.norm.running_mean"),
        ("_blocks.3._bn1.weight", "blocks.3.depthwise.norm.weight"),
        ("_blocks.0._project_conv.weight", "blocks.0.project.conv.weight"),
        ("_fc.weight", "classifier.weight"),
        ("fc.bias", "classifier.bias"),
        ("layer4.0.bn1.weight", "layer4.0.bn1.weight"),
    ],
)
def test_the_checkpoints_names_become_ours(theirs: str, ours: str) -> None:
    assert our_name(theirs) == ours


def test_the_backbone_takes_every_weight_and_misses_none() -> None:
    file = DATA / "backbone.safetensors"
    refuse_another(BACKBONES[str(verify(DATA).config["backbone"])], load_tensors(file), file)


@pytest.fixture(scope="module")
def theirs() -> torch.nn.Module:
    torch.manual_seed(0)
    network: torch.nn.Module = resnet50(weights=None).eval()
    return network


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_resnet_in_two_parts_is_torchvisions(theirs: torch.nn.Module, tmp_path: Path, ending: str) -> None:
    file, backbone = tmp_path / f"r.{ending}", BACKBONES["resnet50"]
    torch.save(theirs.state_dict(), file) if ending == "pth" else save_file(theirs.state_dict(), file)
    weights = weights_of(backbone, file, tmp_path)
    trunk, top = backbone.trunk().eval(), backbone.top().eval()
    body = {name: tensor for name, tensor in weights.items() if not name.startswith("classifier.")}
    for part, own in zip((trunk, top), backbone.split(body), strict=True):
        part.load_state_dict(own)
    picture = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        pooled = top(trunk(picture)).mean((2, 3))
        logits = pooled @ weights["classifier.weight"].T + weights["classifier.bias"]
        torch.testing.assert_close(logits, theirs(picture))


def test_weights_of_another_network_are_refused(theirs: torch.nn.Module, tmp_path: Path) -> None:
    whole = theirs.state_dict()
    torch.save({name: tensor for name, tensor in whole.items() if name != "layer3.0.conv1.weight"}, tmp_path / "a.pth")
    with pytest.raises(CannotDo, match=r"a.pth is not a whole ResNet-50: .*Missing key.*stages.2.0.conv1.weight"):
        weights_of(BACKBONES["resnet50"], tmp_path / "a.pth", tmp_path)
    torch.save({"fc.weight": whole["fc.weight"]}, tmp_path / "b.pth")
    with pytest.raises(CannotDo, match=r"b.pth is not a whole EfficientNet-Lite2"):
        weights_of(BACKBONES["lite2"], tmp_path / "b.pth", tmp_path)


def test_files_without_weights_are_refused_and_run_nothing(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "table.pth")
    (tmp_path / "text.pth").write_text("hello")
    (tmp_path / "code.pth").write_bytes(b"cos\nsystem\n(S'touch " + bytes(tmp_path / "run") + b"'\ntR.")
    for name in ("table.pth", "text.pth", "code.pth", "missing.pth"):
        with pytest.raises(CannotDo, match=name):
            weights_of(BACKBONES["resnet50"], tmp_path / name, tmp_path)
    assert not (tmp_path / "run").exists()


def test_torchvisions_file_names_carry_their_sum(tmp_path: Path) -> None:
    (tmp_path / "net-0000aaaa.pth").write_bytes(b"weights")
    with pytest.raises(CannotDo, match="should begin with 0000aaaa: not used"):
        checked_by_name(tmp_path / "net-0000aaaa.pth")
    right = tmp_path / f"net-{sha256_of(tmp_path / 'net-0000aaaa.pth')[:8]}.pth"
    (tmp_path / "net-0000aaaa.pth").rename(right)
    assert checked_by_name(right) == right


def test_pairs_of_ones_own_are_copied_without_the_broken_ones(mine: Path, tmp_path: Path) -> None:
    own = read_collection(mine)
    copy_pictures(own, LIMIT, tmp_path / "data")
    there = prepared(tmp_path / "data")
    assert (there.kind, there.identities, len(there.pictures)) == ("pairs", ["0", "1"], 4)
    assert there.pictures[0].path.read_bytes() == (mine / "anchor/0.png").read_bytes()
    assert [problem.split(":")[0] for problem in own.problems] == ["positive/2.png", "anchor/2.png"]


@pytest.mark.parametrize("kind", ["classes", "unlabelled"])
def test_other_folders_keep_their_kind(mine: Path, tmp_path: Path, kind: str) -> None:
    folder = mine if kind == "classes" else mine / "anchor"
    (folder / "anchor").rename(folder / "blue") if kind == "classes" else None
    copy_pictures(read_collection(folder), LIMIT, tmp_path / "data")
    assert prepared(tmp_path / "data").kind == kind


def test_a_folder_of_nothing_but_broken_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG and no more")
    with pytest.raises(CannotDo, match=r"no picture of .* can be used:\na.png: the PNG file's header is cut off"):
        copy_pictures(read_collection(tmp_path), LIMIT, tmp_path / "data")


def test_another_content_is_another_collection(mine: Path) -> None:
    before = fingerprint(read_collection(mine))
    assert fingerprint(read_collection(mine)) == before
    (mine / "anchor/0.png").write_bytes((mine / "anchor/1.png").read_bytes())
    assert fingerprint(read_collection(mine)) != before


def test_what_somebody_chose_stays_until_something_else_is_asked_for(mine: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    write_manifest(tmp_path / "data", manifest(asked(backbone="lite0"), read_collection(mine)))
    assert stays(asked(), tmp_path / "data")
    assert not stays(asked(source=PICTOGRAPHS), tmp_path / "data")
    assert not stays(asked(force=True), tmp_path / "data")
    assert not stays(asked(), tmp_path / "nothing")
    write_manifest(tmp_path / "data", manifest(asked(backbone="lite0"), None))
    assert not stays(asked(), tmp_path / "data")  # the default follows the program's version
