"""From ratings to a fitted network: the recipe, the epochs by early stopping, the interval from held-out errors.

A tenth of the ratings is set aside to find out how many epochs help and how large the errors are; then the network is
fitted anew, for so many epochs, on all of them. Nothing but the rows given is ever looked at.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from services.ratings.dataset import Dataset
from services.ratings.features import context_features, genre_flags, habits, movie_features
from services.ratings.model import FourBranches, Interval, Shape
from shared.commands import CannotDo


class TooFewRatings(CannotDo):
    """There is too little to learn from; the message says how much is needed."""


@dataclass(frozen=True)
class Penalty:
    """The L2 of a row that took part in n ratings: n * per_rating (Koren et al. 2009, eq. 5) + prior.

    Adam moves the row of a movie rated once as fast as that of one rated a hundred times; without the prior a single
    five-star rating would make a favourite of everybody.
    """

    per_rating: float
    prior: float


@dataclass(frozen=True)
class Recipe:
    """The settings of the training, chosen on held-out rows of the training part of ML-100K's random split."""

    learning_rate: float = 3e-3
    batch: int = 1024
    most_epochs: int = 40
    patience: int = 3  # epochs without a better held-out error
    held_out: float = 0.1
    fewest_ratings: int = 200
    baseline: Penalty = Penalty(0.01, 5)
    matrix_factorisation: Penalty = Penalty(0.08, 2)
    features: Penalty = Penalty(0.05, 5)
    context: Penalty = Penalty(2, 0)
    mlp: Penalty = Penalty(0.1, 40)


@dataclass(frozen=True)
class Rows:
    """Ratings as tensors."""

    user: Tensor  # (R,)
    movie: Tensor  # (R,)
    stars: Tensor  # (R,)
    context: Tensor  # (R, 2)

    def __len__(self) -> int:
        return len(self.stars)

    def __getitem__(self, which: Tensor) -> "Rows":
        return Rows(self.user[which], self.movie[which], self.stars[which], self.context[which])


@dataclass(frozen=True)
class Trained:
    network: FourBranches
    interval: Interval
    epochs: int
    held_out_rmse: float


def rows_of(data: Dataset) -> Rows:
    user, movie = torch.from_numpy(data.user_index), torch.from_numpy(data.movie_index)
    stars = torch.tensor(data.ratings["stars"].to_numpy("float32"))
    return Rows(user, movie, stars, context_features(data.ratings["timestamp"].to_numpy("int64")))


def features_of(data: Dataset) -> Tensor:
    year = torch.tensor(data.movies["year"].to_numpy("int64"))
    return movie_features(genre_flags(data.movie_genres, data.genres), year)  # (M, F)


def learn(data: Dataset, recipe: Recipe, seed: int) -> Trained:
    """Find the number of epochs and the interval on held-out rows, then fit on all."""
    rows, x, users = rows_of(data), features_of(data), len(data.users)
    if len(rows) < recipe.fewest_ratings:
        raise TooFewRatings(f"{len(rows)} ratings are too few: {recipe.fewest_ratings} are needed, to hold some out")
    held, rest = hold_out(rows, recipe.held_out, seed)
    best, epochs, error = stop_early(new_network(rest, x, users, seed), rest, held, recipe, seed)
    network = new_network(rows, x, users, seed)
    for _ in tqdm(fit(network, rows, recipe, epochs, seed), desc="fitting on all", total=epochs, unit=" epochs"):
        pass
    fitted, interval = fit_interval(best, interval_of(best, rest), held), interval_of(network, rows)
    interval.a, interval.quantiles = fitted.a, fitted.quantiles
    return Trained(network.eval(), interval, epochs, error)


def hold_out(rows: Rows, share: float, seed: int) -> tuple[Rows, Rows]:
    """Some rows by chance, and the others."""
    shuffled = torch.from_numpy(np.random.default_rng(seed).permutation(len(rows)))
    held = int(len(rows) * share)
    return rows[shuffled[:held]], rows[shuffled[held:]]


def new_network(rows: Rows, x: Tensor, users: int, seed: int) -> FourBranches:
    torch.manual_seed(seed)
    network = FourBranches(Shape(users=users, movies=len(x), features=x.shape[1]))
    network.x, network.mean_context, network.mean_stars = x, rows.context.mean(0), rows.stars.mean()
    with torch.no_grad():
        for of_users, of_movies in network.tables().values():
            of_users[counts(rows.user, of_users) == 0] = 0  # nothing is known of them: they add nothing
            of_movies[counts(rows.movie, of_movies) == 0] = 0
    return network


def counts(index: Tensor, table: Tensor) -> Tensor:
    return torch.bincount(index, minlength=len(table))[: len(table)]


def stop_early(
    network: FourBranches, rows: Rows, held: Rows, recipe: Recipe, seed: int
) -> tuple[FourBranches, int, float]:
    """The network after its best epoch, that epoch, and its error on the rows held out."""
    best, best_epoch, best_rmse = network, 0, float("inf")
    bar = tqdm(fit(network, rows, recipe, recipe.most_epochs, seed), desc="finding the epochs", unit=" epochs")
    for epoch in bar:
        error = rmse(network, held)
        bar.set_postfix(held_out_rmse=f"{error:.4f}")
        if error < best_rmse:
            best, best_epoch, best_rmse = copy.deepcopy(network).eval(), epoch, error
        if epoch - best_epoch >= recipe.patience:
            break
    return best, best_epoch, best_rmse


def fit(network: FourBranches, rows: Rows, recipe: Recipe, epochs: int, seed: int) -> Iterator[int]:
    """Adam on squared errors and penalty; yields after each epoch."""
    optimiser = torch.optim.Adam(network.parameters(), recipe.learning_rate)
    generator = torch.Generator().manual_seed(seed)
    weights = penalty_weights(network, rows, recipe)
    for epoch in range(1, epochs + 1):
        network.train()
        for batch in torch.randperm(len(rows), generator=generator).split(recipe.batch):  # type: ignore[no-untyped-call]
            step(network, rows[batch], weights, optimiser)
        yield epoch


def step(
    network: FourBranches, batch: Rows, weights: list[tuple[Tensor, Tensor]], optimiser: torch.optim.Optimizer
) -> None:
    prediction = network(batch.user, batch.movie, batch.context).sum(1)  # (B,)
    penalty = torch.stack([(weight * table.square().sum(1)).sum() for table, weight in weights]).sum()
    loss = (prediction - batch.stars).square().mean() + penalty
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def penalty_weights(network: FourBranches, rows: Rows, recipe: Recipe) -> list[tuple[Tensor, Tensor]]:
    """Each table with the L2 of each of its rows, divided by R as the mean of the squared errors is."""
    weighed = []
    for branch, (of_users, of_movies) in network.tables().items():
        penalty: Penalty = getattr(recipe, branch)
        for table, index in ((of_users, rows.user), (of_movies, rows.movie)):
            weighed.append((table, (penalty.per_rating * counts(index, table) + penalty.prior) / len(rows)))
    return [(table, weight) for table, weight in weighed if len(table)]


@torch.no_grad()
def rmse(network: FourBranches, rows: Rows) -> float:
    network.eval()
    error = network(rows.user, rows.movie, rows.context).sum(1) - rows.stars
    return float(error.square().mean().sqrt())


def interval_of(network: FourBranches, rows: Rows) -> Interval:
    """An interval that knows how often and how diversely each user and movie was rated, not yet fitted."""
    interval = Interval(network.b_u.num_embeddings, network.b_i.num_embeddings)
    interval.users = habits(rows.user, rows.stars, network.b_u.num_embeddings)
    interval.movies = habits(rows.movie, rows.stars, network.b_i.num_embeddings)
    return interval


def fit_interval(network: FourBranches, interval: Interval, held: Rows) -> Interval:
    """The sd by maximum likelihood of normal errors on held-out rows; then the quantiles as they are."""
    with torch.no_grad():
        stars = network(held.user, held.movie, held.context).sum(1)
    error = held.stars - stars
    optimiser = torch.optim.LBFGS(interval.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        sd = interval.sd(held.user, held.movie, stars)
        value: Tensor = (sd.log() + (error / sd).square() / 2).mean()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        ratio = error / interval.sd(held.user, held.movie, stars)
        interval.quantiles = torch.quantile(ratio, torch.tensor([0.05, 0.95]))
    return interval
