"""What the newsletter's network predicts under some choices, beside what needs no network, on the same rows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from services.ratings.newsletter.network import Network, Rows, epochs, predicted
from services.ratings.newsletter.protocol import TARGETS, Choices, Ratings, hold_out, scaled, split, stars_per_unit
from services.ratings.peers.stars import bias_only
from services.ratings.top_k import Scores, TopK, top_k_table

K = 5
PATIENCE = 5  # epochs without a better validation error; the newsletter has no such thing
MOST_EPOCHS = 100
SINGLE_USER = 1  # the newsletter's, counted from 0: the second


@dataclass(frozen=True)
class Error:
    mae: float
    rmse: float


@dataclass(frozen=True)
class Table:
    """The top-5 table of one user, or the mean of the tables of several."""

    users: int
    candidates: float
    scores: Scores
    random: Scores


@dataclass(frozen=True)
class Outcome:
    """Errors are in `unit`: stars, or scaled ratings (0.5 to 1)."""

    unit: str
    test_ratings: int
    epochs: int
    network: Error
    constant: Error  # the training part's median for the MAE, its mean for the RMSE
    bias: Error  # mean, user and movie; the baseline that published figures are read against
    validation: float | None  # the network's MAE on the validation rows; none where it was fitted on them
    validation_constant: float
    single: Table | None  # of the newsletter's user, where the test part has a movie of his
    mean: Table | None  # of the users with at least 5 movies in the test part


def measure(ratings: Ratings, choices: Choices, seed: int) -> Outcome:
    y = scaled(ratings, choices.scaled_by_movie)
    training, test = split(ratings, choices.movies_apart, seed)
    held = hold_out(training)[1]
    fitted, epoch = fit(ratings, choices, ratings.rows(y), training, seed)
    guess, stars = predicted(fitted, ratings.rows(y)), 1.0 if choices.scaled_by_movie else stars_per_unit(ratings)
    asked = (ratings.user[test], y[test], guess[test])
    return Outcome(
        unit="scaled" if choices.scaled_by_movie else "stars",
        test_ratings=len(test),
        epochs=epoch,
        network=error_of(guess[test], y[test], stars),
        constant=constant(y[training], y[test], stars),
        bias=error_of(biases(ratings, y, training, test), y[test], stars),
        validation=None if choices.refit else error_of(guess[held], y[held], stars).mae,
        validation_constant=constant(y[training], y[held], stars).mae,
        single=table_of(user_tables(*asked, users=[SINGLE_USER], fewest=1)),
        mean=table_of(user_tables(*asked, users=sorted(set(ratings.user.tolist())), fewest=K)),
    )


def fit(ratings: Ratings, choices: Choices, rows: Rows, training: Tensor, seed: int) -> tuple[Network, int]:
    """The network after the newsletter's 100 epochs, or after the best ones; and how many those are."""
    epoch = choices.epochs or best_epoch(ratings, choices, rows, training, seed)
    network = new_network(ratings, choices, seed)
    wanted = rows[training if choices.refit else hold_out(training)[0]]
    for _ in epochs(network, wanted, squared=choices.squared, most=epoch, seed=seed):
        pass
    return network, epoch


def best_epoch(ratings: Ratings, choices: Choices, rows: Rows, training: Tensor, seed: int) -> int:
    """After which the validation rows are predicted best, by the error that the loss has."""
    learning, held = map(rows.__getitem__, hold_out(training))
    network, best, least = new_network(ratings, choices, seed), 1, float("inf")
    for epoch in epochs(network, learning, squared=choices.squared, most=MOST_EPOCHS, seed=seed):
        error = error_of(predicted(network, held), held.y)
        now = error.rmse if choices.squared else error.mae
        if now < least:
            best, least = epoch, now
        if epoch - best >= PATIENCE:
            break
    return best


def new_network(ratings: Ratings, choices: Choices, seed: int) -> Network:
    torch.manual_seed(seed)
    (movies, features), context = ratings.features.shape, ratings.context.shape[1]
    return Network(int(ratings.user.max()) + 1, movies, features, context, choices.branches)


def error_of(guess: Tensor, y: Tensor, stars: float = 1.0) -> Error:
    off = (guess - y) * stars
    return Error(float(off.abs().mean()), float(off.square().mean().sqrt()))


def constant(known: Tensor, y: Tensor, stars: float) -> Error:
    """The best that can be done with one number, found in the training part."""
    return Error(error_of(known.median(), y, stars).mae, error_of(known.mean(), y, stars).rmse)


def biases(ratings: Ratings, y: Tensor, training: Tensor, test: Tensor) -> Tensor:
    rows = ratings.data.ratings.assign(stars=y.numpy())
    known = replace(ratings.data, ratings=rows.iloc[training.numpy()], scale=TARGETS)
    return torch.from_numpy(bias_only(known, rows.iloc[test.numpy()]).stars)  # (R,)


def user_tables(user: Tensor, y: Tensor, guess: Tensor, *, users: list[int], fewest: int) -> Iterator[TopK]:
    for one in users:
        own = user == one
        if int(own.sum()) >= fewest:
            yield top_k_table(y[own].numpy(), guess[own].numpy(), K)


def table_of(tables: Iterator[TopK]) -> Table | None:
    found = list(tables)
    if not found:
        return None
    candidates = float(np.mean([one.candidates for one in found]))
    return Table(len(found), candidates, mean_of([t.scores for t in found]), mean_of([t.random for t in found]))


def mean_of(scores: list[Scores]) -> Scores:
    return Scores(*np.mean([[one.true_positives, one.accuracy, one.mrr] for one in scores], axis=0).tolist())
