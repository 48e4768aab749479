"""From ratings to a model: sample the factors, then learn correction and interval from hidden ratings.

Some folds of the ratings are hidden, one at a time, the factors sampled without them, and the hidden ratings described
as questions: only from those are the correction and the interval learned, so neither has ever seen an answer in its
input. Where the data has times, the questions are asked again as of their moment, for a second correction that is used
when a moment is asked about; its interval comes from people's latest ratings, hidden from a base that knows only what
came before. Nothing but the rows given is ever looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise

import torch
from torch import Tensor
from tqdm import tqdm

from services.ratings.base import Base, Questions, Seen, person_features
from services.ratings.company import Company
from services.ratings.features import Standard
from services.ratings.gibbs import LEAST_NOISE, Chain, Sample, sample
from services.ratings.history import Histories
from services.ratings.memory import Memory, remember
from services.ratings.model import Correction, Factors, Interval

# Beyond each end of the interval. A little less than 5 %, since the whole model, which has more to go by than the bases
# of the hidden folds, is a little too sure of itself: on validation rows its intervals covered 88 to 89.5 %.
TAIL = 0.0475
FIELDS = ("user", "movie", "stars", "at")


@dataclass(frozen=True)
class Recipe:
    """The settings of the training, chosen on held-out rows of the training parts only; see README."""

    chain: Chain = field(default_factory=Chain)
    burn: int = 16  # sweeps before the first kept sample
    thin: int = 4  # sweeps from one kept sample to the next
    keep: int = 48
    fold_keep: int = 12
    company: int = 40  # width
    folds: int = 5
    hidden_folds: int = 3  # how many of them are really hidden: five teach hardly more
    most_questions: int = 90_000  # that are hidden in all
    loosened: float = 0.7  # of the people's prior precision: newcomers differ more than those of the training
    cuts: tuple[float, ...] = (0.4, 0.6, 0.8)  # of each person's time: what comes before is known at the questions
    windows: tuple[tuple[float, float], ...] = ((0.8, 1.0),)  # of each person's time, with a base of their own
    newcomers: tuple[int, ...] = (0, 1, 2, 3, 5, 8, 12, 20)  # ratings that people pretend to have
    pretending: float = 1.0  # share of the people that do so
    few: int = 20  # questions to one of them: else those who rated most would speak for all newcomers
    epochs: int = 8
    batch: int = 2048
    learning_rate: float = 6e-3
    decay: float = 1e-3
    ridge: float = 30.0  # of the heads' first guess


# In less time than a plain SVD by stochastic gradients takes, and without moments.
QUICK = Recipe(
    chain=Chain(width=8),
    burn=8,
    thin=2,
    keep=8,
    fold_keep=4,
    company=16,
    hidden_folds=1,
    most_questions=6_000,
    cuts=(),
    windows=(),
    newcomers=(0, 3, 10),
    few=5,
    epochs=2,
    batch=512,
)


@dataclass(frozen=True)
class Material:
    """Everything to learn from: R ratings, and what is known of U users and M movies."""

    user: Tensor  # (R,)
    movie: Tensor  # (R,)
    stars: Tensor  # (R,)
    at: Tensor  # (R,) seconds; 0 throughout where the data has no times
    profile: Tensor  # (U, P)
    movies: Tensor  # (M, F) features
    genres: Tensor  # (M, G) flags
    scale: tuple[float, float]

    def __len__(self) -> int:
        return len(self.stars)

    @property
    def timed(self) -> bool:
        return bool(self.at.any())

    def of(self, rows: Tensor) -> "Material":
        return replace(self, **{name: getattr(self, name)[rows] for name in FIELDS})

    def histories(self, mu: Tensor) -> Histories:
        return Histories.group(self.user, self.movie, self.stars - mu, self.at, len(self.profile))


@dataclass(frozen=True)
class Lesson:
    """Questions whose answers were hidden from whoever described them."""

    seen: Seen
    stars: Tensor  # (B,)
    row: Tensor  # (B,) which rating of the material
    pretended: Tensor  # (B,) whether the person pretended to be a newcomer

    @classmethod
    def join(cls, several: list["Lesson"]) -> "Lesson":
        rest = (torch.cat([getattr(one, name) for one in several]) for name in ("stars", "row", "pretended"))
        return cls(Seen.join([one.seen for one in several]), *rest)

    @property
    def error(self) -> Tensor:
        return self.stars - self.seen.parts.sum(1)


@dataclass(frozen=True)
class Skill:
    """What is added to the factors' stars, and how far off the sum may be."""

    corrections: tuple[Correction, Correction]
    interval: Interval

    def add(self, seen: Seen) -> Tensor:
        """Context and MLP, (B, 2)."""
        return torch.stack([one(seen.brought, one.standardise(seen.told)) for one in self.corrections]).mean(0)

    def sd(self, seen: Seen) -> Tensor:
        return self.interval.sd(self.corrections[0].standardise(seen.told))


def fit_base(material: Material, recipe: Recipe, keep: int, seed: int, log: list[float] | None = None) -> Base:
    """Sample the factors from these ratings, and set up the memory of them."""
    mu = material.stars.mean()
    own = material.histories(mu)
    company = Company.fit(own, len(material.movies), recipe.company, seed)
    counted, told, kept = standards(own, material.profile, company)
    x_users = person_features(own, material.profile, company, counted, told, kept)
    rated = torch.bincount(own.movie, minlength=len(material.movies)).float().log1p()
    x_movies = torch.cat([rated[:, None], material.movies, company.movies], dim=1)
    x_movies = Standard.of(x_movies)(x_movies)  # (M, F)
    chain = sample(own.person, own.movie, own.y, x_users, x_movies, recipe.chain, seed)
    samples = kept_samples(chain, recipe, keep, len(material), log)
    factors = join(samples, x_movies, mu, len(material), recipe)
    blank = Base(factors, company, counted, told, kept, Memory.blank(), material.scale[1] - float(mu))
    errors = blank.errors(own, material.profile)
    taste = factors.movies[:: max(1, keep // 6), :, 1:].transpose(0, 1).flatten(1)
    memory = remember(own, errors, material.genres, taste, company.movies, blank.top)
    return replace(blank, memory=memory)


def standards(own: Histories, profile: Tensor, company: Company) -> tuple[Standard, Standard, Standard]:
    there = own.counts > 0
    kept = company.of(own)
    return (
        Standard.of(own.counts[there, None].float().log1p()),
        Standard.of(profile[there]),
        Standard.of(kept[there]),
    )


def kept_samples(
    chain: Iterator[Sample], recipe: Recipe, keep: int, ratings: int, log: list[float] | None
) -> list[Sample]:
    sweeps = recipe.burn + recipe.thin * keep
    kept = []
    for number, state in enumerate(islice(tqdm(chain, total=sweeps, desc="sampling", unit=" sweeps"), sweeps)):
        if log is not None:
            log.append((state.squared_error / ratings) ** 0.5)
        if number >= recipe.burn and (number - recipe.burn) % recipe.thin == recipe.thin - 1:
            kept.append(state)
    return kept


def join(samples: list[Sample], x_movies: Tensor, mu: Tensor, ratings: int, recipe: Recipe) -> Factors:
    return Factors(
        mu=mu,
        movies=torch.stack([one.movies for one in samples]),
        movie_features=torch.stack([x_movies @ one.of_movies.weights for one in samples]),
        mean=torch.stack([one.of_users.mean for one in samples]),
        weights=torch.stack([one.of_users.weights for one in samples]),
        precision=recipe.loosened * torch.stack([one.of_users.precision for one in samples]),
        noise=torch.tensor([one.squared_error / ratings for one in samples]).clamp(min=LEAST_NOISE),
        noise_prior=torch.tensor(recipe.chain.noise_prior),
    )


def hide_folds(material: Material, recipe: Recipe, seed: int) -> list[Tensor]:
    """Rows to hide, by chance: a fifth each time, but no more than are needed."""
    dice = torch.Generator().manual_seed(seed)
    size = max(1, min(len(material) // recipe.folds, recipe.most_questions // recipe.hidden_folds))
    return list(torch.split(torch.randperm(len(material), generator=dice), size)[: recipe.hidden_folds])


@dataclass(frozen=True)
class Fold:
    """Ratings that are hidden, and a base that never saw them."""

    material: Material  # all of it
    hidden: Tensor  # (H,) rows
    rest: Tensor  # (R - H,) rows
    base: Base

    def ask(
        self, asked: Tensor, own: Histories, people: Tensor, timed: bool = False, pretended: bool = False
    ) -> Lesson:
        """Some hidden ratings as questions to those people with these histories."""
        known = self.base.know(own, self.material.profile[people])
        person = torch.searchsorted(people, self.material.user[asked])
        at = self.material.at[asked] if timed else None
        seen = self.base.see(known, Questions(person, self.material.movie[asked], at))
        return Lesson(seen, self.material.stars[asked], asked, torch.full_like(asked, pretended, dtype=torch.bool))

    def histories(self, rows: Tensor, people: Tensor) -> Histories:
        """Of these people (in ascending order), from some of the rows."""
        part = self.material.of(rows[torch.isin(self.material.user[rows], people)])
        person = torch.searchsorted(people, part.user)
        return Histories.group(person, part.movie, part.stars - self.base.factors.mu, part.at, len(people))


def fold_lesson(fold: Fold, recipe: Recipe, seed: int) -> Lesson:
    """The hidden ratings as questions without a moment; then some again, of people who pretend to be newcomers."""
    asked = fold.hidden
    people = torch.unique(fold.material.user[asked])
    own = fold.histories(fold.rest, people)
    return Lesson.join([fold.ask(asked, own, people), *pretend(fold, own, people, recipe, seed)])


def pretend(fold: Fold, own: Histories, people: Tensor, recipe: Recipe, seed: int) -> list[Lesson]:
    """A part of the people with only so many of their ratings, by chance."""
    dice = torch.Generator().manual_seed(seed)
    kinds = round(len(recipe.newcomers) / recipe.pretending)
    group = torch.randint(kinds, (len(fold.material.profile),), generator=dice)  # those beyond the list do not pretend
    chance = torch.randperm(len(own.movie), generator=dice)
    shuffled = Histories.group(own.person, own.movie, own.y, chance, len(own))
    lessons = []
    for number, count in enumerate(recipe.newcomers):
        asked = fold.hidden[group[fold.material.user[fold.hidden]] == number]
        asked = asked[place_of(fold.material.user[asked]) < recipe.few]
        if len(asked):
            some = torch.unique(fold.material.user[asked])
            few = shuffled.of(torch.searchsorted(people, some)).first(torch.full((len(some),), count))
            lessons.append(fold.ask(asked, few, some, pretended=True))
    return lessons


def cut_lessons(fold: Fold, recipe: Recipe) -> list[Lesson]:
    """The hidden ratings as questions about their moment, to people as they were: with what came before a cut.

    The movies' factors saw later ratings of the same people, so the errors are a little too small: good enough for the
    corrections, not for the interval.
    """
    place = places_in_time(fold.material)
    lessons = []
    for begin, end in pairwise((*recipe.cuts, 1.0)):
        asked = fold.hidden[(place[fold.hidden] >= begin) & (place[fold.hidden] < end)]
        if len(asked):
            people = torch.unique(fold.material.user[asked])
            own = fold.histories(fold.rest[place[fold.rest] < begin], people)
            lessons.append(fold.ask(asked, own, people, timed=True))
    return lessons


def timed_lesson(material: Material, window: tuple[float, float], recipe: Recipe, seed: int) -> Lesson:
    """The ratings of a window as questions about their moment, by a base that knows only what came before."""
    place = places_in_time(material)
    past, hidden = (place < window[0]).nonzero()[:, 0], ((place >= window[0]) & (place < window[1])).nonzero()[:, 0]
    hidden = hidden[:: max(1, len(hidden) * recipe.hidden_folds // recipe.most_questions)]
    fold = Fold(material, hidden, past, fit_base(material.of(past), recipe, recipe.fold_keep, seed))
    people = torch.unique(material.user[hidden])
    return fold.ask(hidden, fold.histories(past, people), people, timed=True)


def places_in_time(material: Material) -> Tensor:
    """Where in its person's time each rating stands, from 0 up to 1, (R,); those of one second in their own order."""
    order = material.at.argsort(stable=True)
    counts = torch.bincount(material.user, minlength=len(material.profile))
    return place_of(material.user[order])[order.argsort()] / counts[material.user]


def place_of(person: Tensor) -> Tensor:
    """How many entries of the same person stand before each entry, (R,)."""
    order, counts = person.argsort(stable=True), torch.bincount(person)
    begins = (counts.cumsum(0) - counts).repeat_interleave(counts)
    return (torch.arange(len(order)) - begins)[order.argsort()]


def others(rows: Tensor, total: int) -> Tensor:
    kept = torch.ones(total, dtype=torch.bool)
    kept[rows] = False
    return kept.nonzero()[:, 0]


def learn_skill(
    lesson: Lesson, recipe: Recipe, seed: int, log: list[float] | None = None, trusted: int = 0
) -> tuple[Skill, Tensor]:
    """Two corrections, each from one half of the questions; the interval from each half's errors with the other's.

    `trusted`: only the last so many questions tell of the interval; 0: all.
    """
    dice = torch.Generator().manual_seed(seed)
    half = halves(lesson.row, dice)
    logs = (log, None)  # one curve is enough
    pair = [learn_correction(lesson, (half == n).nonzero()[:, 0], recipe, seed + n, logs[n]) for n in range(2)]
    added = lesson.stars.new_zeros(len(half), 2)
    with torch.no_grad():
        for n in range(2):
            rows = (half != n).nonzero()[:, 0]
            part = lesson.seen.of(rows)
            added[rows] = pair[n](part.brought, pair[n].standardise(part.told))
    stars = lesson.seen.parts.sum(1) + added.sum(1)
    interval = learn_interval(pair[0].standardise(lesson.seen.told)[-trusted:], (lesson.stars - stars)[-trusted:])
    return Skill((pair[0], pair[1]), interval), stars


def halves(row: Tensor, dice: torch.Generator) -> Tensor:
    """0 or 1 for each question, by chance, the same where one rating is asked for twice; neither half is empty. (B,)"""
    ratings, which = torch.unique(row, return_inverse=True)
    half = torch.randint(2, ratings.shape, generator=dice)
    half[:2] = torch.arange(2)[: len(half)]
    return half[which]


def learn_correction(lesson: Lesson, rows: Tensor, recipe: Recipe, seed: int, log: list[float] | None) -> Correction:
    """The heads by ridge regression first, then heads and MLP together by AdamW."""
    seen, error = lesson.seen.of(rows), lesson.error[rows]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        correction = Correction(seen.brought.shape[1], seen.told.shape[1])
        set_standard(correction, seen.told)
        gram = seen.brought.T @ seen.brought + recipe.ridge * torch.eye(seen.brought.shape[1])
        correction.heads.data = torch.linalg.solve(gram, seen.brought.T @ error)
        descend(correction, seen.brought, correction.standardise(seen.told), error, recipe, log)
    return correction.eval()


def set_standard(correction: Correction, told: Tensor) -> None:
    few = told[:: max(1, len(told) // 20_000)]
    correction.low, correction.high = few.quantile(0.001, dim=0), few.quantile(0.999, dim=0)
    cut = told.clamp(correction.low, correction.high)
    correction.shift, correction.spread = cut.mean(0), cut.std(0, correction=0) + 1e-6


def descend(
    correction: Correction, brought: Tensor, x: Tensor, error: Tensor, recipe: Recipe, log: list[float] | None
) -> None:
    steps = recipe.epochs * -(-len(error) // recipe.batch)
    optimiser = torch.optim.AdamW(correction.parameters(), recipe.learning_rate, weight_decay=recipe.decay, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, total_steps=steps)
    correction.train()
    for _ in tqdm(range(recipe.epochs), desc="correcting", unit=" epochs"):
        total = 0.0
        for rows in torch.split(torch.randperm(len(error)), recipe.batch):
            loss = (correction(brought[rows], x[rows]).sum(1) - error[rows]).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) * len(rows)
        if log is not None:
            log.append((total / len(error)) ** 0.5)


def learn_interval(x: Tensor, error: Tensor, most: int = 50_000) -> Interval:
    """The sd by maximum likelihood of normal errors; then the quantiles as they are."""
    step = max(1, len(error) // most)
    x, error = x[::step], error[::step]
    interval = Interval(x.shape[1])
    optimiser = torch.optim.LBFGS(interval.parameters(), max_iter=30, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        sd = interval.sd(x)
        value: Tensor = (sd.log() + (error / sd).square() / 2).mean() + 1e-3 * interval.a[1:].square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        interval.quantiles = torch.quantile(error / interval.sd(x), torch.tensor([TAIL, 1 - TAIL]))
    return interval
