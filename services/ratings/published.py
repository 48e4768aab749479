"""What was measured, as figures for the model card: each beside everybody else's on the same rows."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, stdev

from services.ratings.dataset import Dataset
from services.ratings.outcomes import BLIND, FIFTHS, LEVELS, Measured, Outcome, by_certainty, coverage, mean_score
from services.ratings.peers.ranking import TopTen
from services.ratings.peers.stars import RATING_PEERS
from services.ratings.protocols import FOLD_NAMES
from shared.engine import Figure

SPEED_PEERS = ("Surprise SVD", "Surprise SVD++")
CHOSEN = (
    "our settings were chosen on validation rows inside the random split's training part; some of those rows are in the"
    " test parts of u1 to u5"
)


def where(data: Dataset, protocol: str, variant: str = "") -> str:
    """The data, the protocol and the variant, so that a reader of the card can take them apart again at "; "."""
    name = data.name.split(":")[0].replace(";", ",")
    return "; ".join(part for part in (name, protocol, variant) if part)


def figure(metric: str, value: float, data: str, beside: Mapping[str, float] | None = None, note: str = "") -> Figure:
    rounded = {name: round(other, 4) for name, other in (beside or {}).items()}
    return Figure(metric=metric, value=round(value, 4), data=data, baselines=rounded, note=note)


def split_figures(data: Dataset, protocol: str, measured: Sequence[Measured]) -> list[Figure]:
    """Of one split, or the mean of several."""
    variants = measured[0].ours
    return [one for variant in variants for one in variant_figures(where(data, protocol, variant), measured, variant)]


def variant_figures(data: str, measured: Sequence[Measured], variant: str) -> list[Figure]:
    outcomes = [outcome for split in measured for outcome in split.ours[variant]]
    ours = mean_score(outcome.score for outcome in outcomes)
    others = {name: mean_score(split.others[name] for split in measured) for name in measured[0].others}
    rmse, mae, seconds = (
        {name: getattr(other, field) for name, other in others.items()} for field in ("rmse", "mae", "seconds")
    )
    return [
        figure("RMSE, stars", ours.rmse, data, rmse, spread(measured, variant)),
        figure("MAE, stars", ours.mae, data, mae),
        figure("coverage of the 90 % interval", fmean(one.coverage90 for one in outcomes), data),
        figure("width of the 90 % interval, stars", fmean(one.width90 for one in outcomes), data),
        figure("training, CPU seconds", ours.seconds, data, seconds, ratios(ours.seconds, seconds)),
    ]


def spread(measured: Sequence[Measured], variant: str) -> str:
    """How far the RMSE (over several splits their mean) lies apart from seed to seed."""
    by_seed = zip(*(split.ours[variant] for split in measured), strict=True)  # a seed: its outcome on each split
    found = {same[0].seed: mean_score(one.score for one in same).rmse for same in by_seed}
    note = "; ".join(f"seed {seed}: {rmse:.4f}" for seed, rmse in found.items())
    apart = f"; standard deviation {stdev(found.values()):.4f}" if len(found) > 1 else ""
    missing = [name for name, peer in RATING_PEERS.items() if not peer.is_here]
    left_out = f"; left out, for it is not installed: {', '.join(missing)}" if missing else ""
    chosen = f"; {CHOSEN}" if measured[0].split in FOLD_NAMES else ""
    return f"{note}{apart}; the others: one run, their seed 0{left_out}{chosen}"


def ratios(seconds: float, others: Mapping[str, float]) -> str:
    found = [f"{seconds / others[name]:.2f} x {name}" for name in SPEED_PEERS if others.get(name)]
    return ", ".join(found)


def fold_figures(data: Dataset, folds: Sequence[Measured]) -> list[Figure]:
    """The RMSE of each published fold; everything of their mean."""
    single = [one for fold in folds for one in split_figures(data, fold.split, [fold]) if one.metric == "RMSE, stars"]
    name = f"mean of {', '.join(fold.split for fold in folds)}"
    return [*single, *(split_figures(data, name, folds) if len(folds) > 1 else [])]


def calibration_figures(data: Dataset, measured: Measured) -> Iterator[Figure]:
    """Whether the model knows how far off it is; only of a model that says its standard deviation."""
    for variant, outcomes in measured.ours.items():
        if all(one.predicted.sd is not None for one in outcomes):
            place = where(data, measured.split, variant)
            yield from coverage_figures(place, outcomes)
            yield from certainty_figures(place, outcomes)


def coverage_figures(place: str, outcomes: Sequence[Outcome]) -> Iterator[Figure]:
    note = "90 % is the interval that is served; the others suppose a normal error of the model's standard deviation"
    for level in LEVELS:
        value = fmean(coverage(one, level) for one in outcomes)
        yield figure("calibration: coverage", value, place, {"promised": level}, note)


def certainty_figures(place: str, outcomes: Sequence[Outcome]) -> Iterator[Figure]:
    for fifth, pairs in enumerate(zip(*map(by_certainty, outcomes), strict=True), 1):
        promised, real = (fmean(values) for values in zip(*pairs, strict=True))
        name = f"calibration: RMSE, stars, rows by certainty, fifth {fifth} of {FIFTHS}"
        yield figure(name, real, place, {"promised": promised}, "fifth 1 is what the model is surest of")


def newcomer_figure(
    data: Dataset, k: int, rmses: Mapping[int, float], coverage90: float, people: int, others: Mapping[str, float]
) -> Figure:
    seeds = "; ".join(f"seed {seed}: {rmse:.4f}" for seed, rmse in rmses.items())
    told = "their profile (age, gender, occupation) is told to this model, not to the others"
    note = f"{people} people never trained on; {told}; the 90 % interval covers {coverage90:.1%}; {seeds}"
    place = where(data, f"newcomers, {k} ratings given", BLIND)
    return figure("RMSE, stars", fmean(rmses.values()), place, others, note)


def ranking_figures(place: str, ours: TopTen, others: Mapping[str, TopTen], note: str) -> list[Figure]:
    return [
        figure(
            metric, getattr(ours, field), place, {name: getattr(other, field) for name, other in others.items()}, note
        )
        for metric, field in (("NDCG@10", "ndcg"), ("recall@10", "recall"))
    ]
