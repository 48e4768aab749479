"""A file of SQLite that several processes open at once is laid out once, and each of them can use it."""

import subprocess
import sys
from pathlib import Path

from shared.database import opened
from shared.services import ROOT

LAYOUT = "CREATE TABLE IF NOT EXISTS numbers (number INTEGER)"
OPENER = f"""
import sys
from pathlib import Path
from shared.database import opened
print("ready", flush=True)
sys.stdin.readline()
opened(Path(sys.argv[1]), {LAYOUT!r}, 1).execute("INSERT INTO numbers VALUES (1)")
"""


def test_a_new_file_can_be_opened_by_several_processes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    command = [sys.executable, "-c", OPENER, str(path)]
    pipe = subprocess.PIPE
    several = [subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe) for _ in range(4)]
    for one in several:
        assert one.stdout
        assert one.stdout.readline() == "ready\n"
    for one in several:
        assert one.stdin
        one.stdin.write("go\n")
        one.stdin.flush()
    assert [one.communicate(timeout=100) and one.returncode for one in several] == [0] * 4
    assert opened(path, LAYOUT, 1).execute("SELECT count(*) FROM numbers").fetchone() == (4,)
