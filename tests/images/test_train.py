"""The trunk's maps survive a kill, broken pictures are named, and the command asks for what it was told."""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from services.images.backbones import BACKBONES
from services.images.collection import Collection, read_collection
from services.images.learn import RECIPES, Recipe
from services.images.maps import Job, Maps, cached_maps, read_notes
from services.images.model import Siamese
from services.images.settings import Settings
from services.images.train import FOUND, known, learn, recipe_of, refuse_another
from services.images.views import homography, laid, photograph_view, recoloured
from shared.artifacts import Manifest, write_manifest
from shared.commands import CannotDo

SIDE = 8
QUICK = Recipe(views=3, epochs=1, batch=4, together=2, validation=0.5)


def coloured(seed: int, size: tuple[int, int] = (12, 9)) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four classes of three pictures, one of them broken."""
    for number in range(12):
        path = tmp_path / "pictures" / f"class {number // 3}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        coloured(number).save(path)
    path.write_bytes(path.read_bytes()[:60])
    return tmp_path / "pictures"


class Trunk:
    """Means of quarters of the picture, (N, 3, 2, 2); counts what it was shown, and dies when told to."""

    def __init__(self, most: int = 1000) -> None:
        self.sizes, self.most = list[int](), most

    @property
    def shown(self) -> int:
        return sum(self.sizes)

    def __call__(self, pictures: Tensor) -> Tensor:
        self.sizes.append(len(pictures))
        if self.shown > self.most:
            raise KeyboardInterrupt
        return torch.nn.functional.adaptive_avg_pool2d(pictures.float() / 255, 2)


def jobs(collection: Collection, views: int = 3) -> list[Job]:
    return [Job(picture, number, views) for number, picture in enumerate(collection.pictures)]


def look(folder: Path, collection: Collection, trunk: Trunk, seed: int = 0) -> Maps:
    return cached_maps(folder, jobs(collection), trunk, SIDE, seed, max_pixels=10_000)


def test_the_first_view_is_the_picture_itself_and_the_others_are_not(folder: Path, tmp_path: Path) -> None:
    collection = read_collection(folder)
    maps = look(tmp_path / "maps", collection, Trunk())
    still = cached_maps(tmp_path / "still", jobs(collection, views=1), Trunk(), SIDE, 0, 10_000)
    first = np.array(list(maps.first.values()))
    assert torch.equal(maps[first], still[np.array(list(still.first.values()))])
    assert (maps[first] != maps[first + 1]).any(dim=(1, 2, 3)).all()


def test_a_broken_picture_is_named_and_left_out(folder: Path, tmp_path: Path) -> None:
    maps = look(tmp_path / "maps", read_collection(folder), Trunk())
    assert len(maps.first) == 11
    assert len(maps.problems) == 1
    assert maps.problems[0].startswith("11.png: ")


def test_maps_that_are_there_are_not_computed_again(folder: Path, tmp_path: Path) -> None:
    collection, trunk = read_collection(folder), Trunk()
    first, again = look(tmp_path / "maps", collection, Trunk()), look(tmp_path / "maps", collection, trunk)
    assert trunk.shown == 1  # the one that tells the shape
    assert np.array_equal(first.maps, again.maps)


def test_a_broken_off_run_is_taken_up_where_its_last_note_says(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.images.maps.WRITTEN", 2)
    collection = read_collection(folder)
    with pytest.raises(KeyboardInterrupt):
        look(tmp_path / "maps", collection, Trunk(most=20))
    notes = tmp_path / "maps/done.jsonl"
    done = len(read_notes(notes))
    assert 0 < done < 8
    notes.write_text(notes.read_text() + '"cut o')  # as a kill in the middle of a line leaves it
    trunk = Trunk()
    whole, at_once = look(tmp_path / "maps", collection, trunk), look(tmp_path / "other", collection, Trunk())
    assert trunk.shown == 1 + 3 * (11 - done)
    assert np.array_equal(whole.maps, at_once.maps)
    assert whole.problems == at_once.problems


def test_another_seed_sees_other_views_of_the_same_pictures(folder: Path, tmp_path: Path) -> None:
    collection = read_collection(folder)
    one, other = (look(tmp_path / f"{seed}", collection, Trunk(), seed) for seed in (0, 1))
    assert np.array_equal(one.maps[0], other.maps[0])
    assert not np.array_equal(one.maps[1], other.maps[1])


def test_the_eight_layings_of_a_picture_are_all_different() -> None:
    picture = coloured(0, (9, 9))
    assert len({laid(picture, view).tobytes() for view in range(8)}) == 8
    assert laid(picture, 8).tobytes() == picture.tobytes()


def test_a_homography_takes_each_corner_where_it_belongs() -> None:
    new, old = np.array([(1.0, 2), (8, 0), (9, 7), (0, 9)]), np.array([(0.0, 0), (10, 0), (10, 10), (0, 10)])
    a, b, c, d, e, f, g, h = homography(new, old)
    for (x, y), corner in zip(new, old, strict=True):
        there = np.array([a * x + b * y + c, d * x + e * y + f]) / (g * x + h * y + 1)
        assert there == pytest.approx(corner)


def test_colours_not_turned_and_as_strong_as_before_are_the_same_up_to_rounding() -> None:
    picture = coloured(0)
    difference = np.asarray(recoloured(picture, 0, 1.0), float) - np.asarray(picture, float)
    assert np.abs(difference).max() <= 6  # of 255: Pillow's HSV has 8 bits


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (200, 1)])
def test_a_picture_of_any_shape_has_views(size: tuple[int, int]) -> None:
    for seed in range(20):
        assert min(photograph_view(coloured(seed, size), 1, np.random.default_rng(seed)).size) >= 1


@pytest.fixture
def network() -> Siamese:
    """A network of random weights; small pictures would do, but EfficientNet takes no smaller ones."""
    torch.manual_seed(0)
    return Siamese(BACKBONES["lite0"]).eval()


def test_learning_leaves_the_general_embedding_as_it_was(folder: Path, tmp_path: Path, network: Siamese) -> None:
    before = {name: tensor.clone() for name, tensor in network.general.state_dict().items()}
    learned = learn(network, read_collection(folder), QUICK, tmp_path / "maps", Settings())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.general.state_dict().items())
    assert set(learned.calibration) == {"general", "adapted"}
    assert learned.uses == {"trained on": 2, "that decided": 2, "never seen": 0}
    assert len(learned.readable) == 11


def test_an_equal_training_is_recognised_whatever_it_found(tmp_path: Path) -> None:
    wanted = Manifest(service="images", version="0", data="", command="", config={"loss": "infonce"})
    (tmp_path / "model").write_text("weights")
    there = wanted.model_copy(update={"config": {"loss": "infonce", "adopted": True, "calibration": {}}})
    write_manifest(tmp_path, there)
    assert known(wanted, tmp_path).config == there.config
    assert set(there.config) - set(wanted.config) <= set(FOUND)
    assert known(wanted, tmp_path / "nothing") == wanted


def asked(**given: object) -> argparse.Namespace:
    names = ("data", "loss", "negatives", "margin", "scope", "epochs", "unseen")
    return argparse.Namespace(**(dict.fromkeys(names) | {"seed": 0, "newsletter": False} | given))


def test_a_recipe_is_the_best_for_the_pictures_but_for_what_was_asked(folder: Path) -> None:
    collection = read_collection(folder)
    assert recipe_of(asked(data=folder), collection, "openmoji") == RECIPES["classes"]
    hotter = recipe_of(asked(data=folder, loss="triplet", margin=0.2, seed=3), collection, "openmoji")
    assert hotter == replace(RECIPES["classes"], loss="triplet", margin=0.2, seed=3)


def test_only_the_pictographs_are_kept_back_for_evaluate(folder: Path) -> None:
    collection = read_collection(folder)
    shares = [recipe_of(asked(), collection, source).unseen for source in ("openmoji", "folder")]
    assert shares == [0.5, 0.0]
    assert recipe_of(asked(unseen=0.3), collection, "folder").unseen == 0.3


def test_the_newsletters_recipe_may_still_be_changed(folder: Path) -> None:
    recipe = recipe_of(asked(newsletter=True, negatives="semi-hard"), read_collection(folder), "openmoji")
    assert (recipe.loss, recipe.margin, recipe.negatives, recipe.start) == ("triplet", 0.5, "semi-hard", "random")


def test_another_backbone_than_the_prepared_one_is_refused_with_what_to_do() -> None:
    refuse_another(None, "lite0")
    refuse_another("lite0", "lite0")
    with pytest.raises(CannotDo, match="prepare --backbone lite2"):
        refuse_another("lite2", "lite0")
