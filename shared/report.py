"""The table of figures of all services, in Markdown, out of their cards: `python -m shared.report`."""

from shared.artifacts import is_whole
from shared.cards import read_figures
from shared.engine import Figure
from shared.services import service_settings

HEAD = ["| service | measured | data | ours | beside it, same rows, same run |", "|---|---|---|---|---|"]


def main() -> None:
    rows = [row(name, figure) for name, figures in all_figures().items() for figure in figures]
    print("\n".join([*HEAD, *rows]) if rows else "no figures yet: `make evaluate` measures them")


def all_figures() -> dict[str, list[Figure]]:
    """The figures of each service that is trained: the same that its /card answers."""
    folders = {name: settings.artifacts for name, settings in service_settings().items()}
    return {name: read_figures(folder) for name, folder in folders.items() if is_whole(folder)}


def row(name: str, figure: Figure) -> str:
    baselines = ", ".join(f"{other} {number(value)}" for other, value in figure.baselines.items())
    return f"| {name} | {figure.metric} | {figure.data} | **{number(figure.value)}** | {baselines} |"


def number(value: float) -> str:
    return f"{value:.4g}"


if __name__ == "__main__":
    main()
