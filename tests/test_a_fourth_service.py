"""A fourth service costs its folder and a line here and there; nothing in shared/ or gateway/."""

import shutil
import subprocess
import sys
from pathlib import Path

from shared.services import ROOT

FILES = {
    "__init__.py": '"""Doubles a number."""\n',
    "settings.py": """
from pydantic import Field
from shared.settings import ServiceSettings

class Settings(ServiceSettings, env_prefix="DOUBLER_"):
    port: int = Field(8009, description="Port to listen on.")
""",
    "engine.py": """
from shared.engine import Card, Figure

class Engine:
    device = "cpu"
    sha256 = "0" * 64
    collectors = ()

    def card(self) -> Card:
        return Card(
            name="doubler", version="0.1.0", summary="Doubles.", task="doubling", data="none", licence="none", seed=0,
            command="none", device=self.device, sha256=self.sha256,
            sizes={"parameters": 1}, limits=["2^63"],
            figures=[Figure(metric="error", value=0, data="21", note="exact")],
        )

    def examples(self) -> dict[str, object]:
        return {"number": 21}
""",
    "app.py": """
from typing import Annotated
from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from services.doubler.engine import Engine
from services.doubler.settings import Settings
from shared.app import create_app

class Number(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"value": 21}]})
    value: int = Field(description="A number.")

router = APIRouter(prefix="/doubler", tags=["doubler"])

@router.post("/double", summary="Twice the number")
def double(number: Number) -> Number:
    return Number(value=2 * number.value)

@router.get("/double/{number}", summary="Twice the number in the path")
def double_path(number: Annotated[int, Path(description="A number.")]) -> Number:
    return Number(value=2 * number)

app = create_app(name="doubler", summary="Doubles.", router=router, settings=Settings(), load=Engine)
""",
    "train.py": """
from pathlib import Path
from shared.artifacts import Manifest, whole_folder, write_manifest

with whole_folder(Path("artifacts/doubler")) as work:
    write_manifest(work, Manifest(service="doubler", version="0.1.0", data="none", command="none"))
print("trained")
""",
}


def tree_with_a_fourth_service(root: Path) -> Path:
    for folder in ("shared", "gateway"):
        shutil.copytree(ROOT / folder, root / folder)
    service = root / "services" / "doubler"
    service.mkdir(parents=True)
    for name, text in FILES.items():
        (service / name).write_text(text)
    (root / "tests").mkdir()
    for name in ("conftest.py", "test_contract.py"):
        shutil.copy(ROOT / "tests" / name, root / "tests")
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def missing(root: Path) -> str:
    """What `make up` does before it starts the processes."""
    command = [sys.executable, "-m", "shared.services", "missing"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout


def test_a_model_is_trained_when_it_or_its_code_is_new_and_only_then(tmp_path: Path) -> None:
    root = tree_with_a_fourth_service(tmp_path)
    assert missing(root) == "trained\n"
    assert missing(root) == ""
    with (root / "services" / "doubler" / "engine.py").open("a") as code:
        code.write("# changed\n")
    assert missing(root) == "trained\n"
    (root / "artifacts" / "doubler" / "manifest.json").unlink()
    assert missing(root) == "trained\n"


def test_a_new_folder_passes_the_contract_with_no_edit_elsewhere(tmp_path: Path) -> None:
    root = tree_with_a_fourth_service(tmp_path)
    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests"], cwd=root, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "skipped" not in outcome.stdout
