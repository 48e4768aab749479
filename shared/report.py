"""The table of figures of all services, in Markdown, out of their manifests: `python -m shared.report`."""

from shared.artifacts import read_manifest
from shared.engine import Figure
from shared.services import service_settings

HEAD = ["| service | measured | data | ours | beside it, same rows, same run |", "|---|---|---|---|---|"]


def main() -> None:
    rows = [row(name, figure) for name, figures in all_figures().items() for figure in figures]
    print("\n".join([*HEAD, *rows]) if rows else "no figures yet: `make evaluate` measures them")


def all_figures() -> dict[str, list[Figure]]:
    """The figures in each service's manifest: the same that its /card answers."""
    settings = service_settings()
    return {name: read_manifest(settings[name].artifacts_dir / name).figures for name in settings}


def row(name: str, figure: Figure) -> str:
    baselines = ", ".join(f"{other} {number(value)}" for other, value in figure.baselines.items())
    return f"| {name} | {figure.metric} | {figure.data} | **{number(figure.value)}** | {baselines} |"


def number(value: float) -> str:
    return f"{value:.4g}"


if __name__ == "__main__":
    main()
