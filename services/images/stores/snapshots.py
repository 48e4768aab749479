"""Snapshots of stores: folders that are whole or not there, each file checked by its sha256 when one is opened."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from shared import __version__
from shared.artifacts import ArtifactDamaged, Manifest, read_manifest, verify, whole_folder, write_manifest

COMMAND = "python -m services.images.index"


@contextmanager
def written(path: Path, config: Mapping[str, object]) -> Iterator[Path]:
    """A folder to write into, which takes the place of `path` at the end, with a manifest that holds `config`."""
    with whole_folder(path) as work:
        yield work
        manifest = Manifest(service="images", version=__version__, data="vectors", command=COMMAND, config=dict(config))
        write_manifest(work, manifest)


def kind_of(path: Path) -> str:
    return str(read_manifest(path).config.get("kind"))


def opened(path: Path, kind: str) -> dict[str, float]:
    """The numbers that belong to a snapshot; ArtifactMissing or ArtifactDamaged when it is not whole."""
    config = verify(path).config
    if config.get("kind") != kind:
        raise ArtifactDamaged(f"{path} is a store of kind {config.get('kind')}, not {kind}")
    return {name: value for name, value in config.items() if isinstance(value, int | float)}
