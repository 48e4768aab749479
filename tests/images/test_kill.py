"""kill -9 at any moment, fifty times over one folder: what was answered is true, and nothing is half there."""

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from services.images.anchors import Anchor, Anchors, Searcher
from shared.services import ROOT
from tests.images.test_anchors import MODEL, SPACES, vectors_of

KILLS = 50

# Adds three pictures at a time, now and then removes one of what it knows to be there, and says what was answered: the
# sign and the text, a line each. Now and then it saves snapshots, so that some are cut off in the middle.
WRITER = """
import random, sys
from pathlib import Path
from services.images.anchors import Anchors, Searcher
from tests.images.test_anchors import MODEL, SPACES, new
folder, turn = Path(sys.argv[1]), int(sys.argv[2])
searcher, dice = Searcher(Anchors(folder), SPACES, MODEL), random.Random(turn)
there = [anchor.file.removesuffix(".png") for anchor in searcher.anchors.find(limit=1000)[0]]
print("ready", flush=True)
number = 0
while True:
    texts = [f"{turn} {number + one} " + "x" * dice.randrange(20_000) for one in range(3)]
    number += 3
    searcher.add([new(text) for text in texts])
    for text in texts:
        print("+", text, flush=True)
    there += texts
    for _ in range(dice.randrange(5)):
        if there:
            text = there.pop(dice.randrange(len(there)))
            print("?", text, flush=True)
            searcher.remove([new(text).picture.id])
            print("-", text, flush=True)
    if dice.random() < 0.2:
        searcher.save()
"""


def said_until_killed(folder: Path, turn: int, lines: int, seconds: float) -> list[tuple[str, str]]:
    """Killed so many seconds after it said so many lines. Only whole lines count: the last may have been cut off."""
    command = [sys.executable, "-c", WRITER, str(folder), str(turn)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        said = [process.stdout.readline() for _ in range(lines)]
        time.sleep(seconds)
        process.kill()
        said += process.stdout.read().splitlines(keepends=True)
    assert process.returncode == -9
    return [(line[0], line[2:-1]) for line in said if line.endswith("\n")]


def test_what_was_answered_survives_fifty_kills_and_nothing_is_half_there(tmp_path: Path) -> None:
    dice, present = random.Random(0), set[str]()
    for turn in range(KILLS):
        said = said_until_killed(tmp_path, turn, dice.randrange(12), dice.uniform(0, 0.03))
        by_sign = {sign: {text for one, text in said if one == sign} for sign in "+-?"}
        must = (present | by_sign["+"]) - by_sign["?"]  # of what it had begun to remove it did not say what became
        present = check(tmp_path, must, must_not=by_sign["-"])
    assert len(present) > KILLS  # it did not only just begin, again and again


def check(folder: Path, must: set[str], must_not: set[str]) -> set[str]:
    """The texts that are there, each whole."""
    searcher = Searcher(Anchors(folder), SPACES, MODEL)
    anchors = {anchor.file.removesuffix(".png"): anchor for anchor in searcher.anchors.find(limit=100_000)[0]}
    assert must <= set(anchors)
    assert not must_not & set(anchors)
    for text, anchor in anchors.items():
        is_whole(searcher, text, anchor)
    files = {path.name for path in searcher.anchors.files.all()}
    assert files == {anchor.stored_as for anchor in anchors.values()}
    assert searcher.anchors.writer.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert all(store.count() == len(anchors) for store in searcher.stores.values())
    searcher.close()
    return set(anchors)


def is_whole(searcher: Searcher, text: str, anchor: Anchor) -> None:
    assert searcher.anchors.bytes_of(anchor) == text.encode()
    for space, vector in vectors_of(text).items():
        np.testing.assert_array_equal(searcher.vector(space, anchor), vector)
        np.testing.assert_array_equal(searcher.stores[space].get(np.array([anchor.key]))[0], vector)
