"""The services on disk, and their commands: `python -m shared.services train`, `... evaluate --service ratings`."""

import argparse
import hashlib
import importlib
import subprocess
import sys
from pathlib import Path

from shared.artifacts import MANIFEST, is_whole, sha256_of
from shared.commands import run
from shared.settings import ProcessSettings, ServiceSettings

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "services"
STEPS = ("prepare", "train", "evaluate", "bench")


def names() -> list[str]:
    """Every folder of services/ with an app: nothing else is needed to be one."""
    return sorted(app.parent.name for app in FOLDER.glob("*/app.py"))


def settings_of(package: str) -> ProcessSettings:
    """The settings of `gateway` or `services.<name>`, as its process would read them."""
    settings: ProcessSettings = importlib.import_module(f"{package}.settings").Settings()
    return settings


def service_settings_of(name: str) -> ServiceSettings:
    settings = settings_of(f"services.{name}")
    assert isinstance(settings, ServiceSettings)
    return settings


def service_settings() -> dict[str, ServiceSettings]:
    return {name: service_settings_of(name) for name in names()}


def run_step(step: str, name: str) -> None:
    """Run one command of a service when it has it; where it fails, the reason is on the screen already."""
    if not (FOLDER / name / f"{step}.py").exists():
        return
    outcome = subprocess.run([sys.executable, "-m", f"services.{name}.{step}"], cwd=ROOT, check=False)
    if outcome.returncode:
        sys.exit(f"{step} of {name} failed; the reason stands above")


def make_missing(name: str) -> None:
    """Prepare and train, unless both said with this very code and data that they are done: to ask takes 6 seconds."""
    settings = service_settings_of(name)
    stamp = settings.artifacts_dir / f".{name}.made"
    if not is_whole(settings.artifacts) or not stamp.exists() or stamp.read_text() != fingerprint(name, settings):
        run_step("prepare", name)
        run_step("train", name)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(fingerprint(name, settings))


def fingerprint(name: str, settings: ServiceSettings) -> str:
    """Of what decides whether there is something to do: the service's code, ours, and the manifests of its data."""
    code = [*(FOLDER / name).rglob("*.py"), *(ROOT / "shared").glob("*.py")]
    manifests = settings.data.rglob(MANIFEST)
    return hashlib.sha256("".join(sha256_of(file) for file in sorted([*code, *manifests])).encode()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", nargs="+", choices=[*STEPS, "missing"], help="missing: prepare and train where needed")
    parser.add_argument("--service", choices=names(), help="only this one")
    arguments = parser.parse_args()
    for name in [arguments.service] if arguments.service else names():
        for step in arguments.steps:
            make_missing(name) if step == "missing" else run_step(step, name)


if __name__ == "__main__":
    run(main)
