"""Predicted stars as a sum of four branches, and the interval around it.

    r(u, i, t) = mu + b_u + b_i                       baseline
               + p_u . q_i                            matrix factorisation   Salakhutdinov and Mnih 2008, eq. 1
               + what x_u and x_i say of the above    features               Simm et al. 2017, eq. 3
               + sum_j a(i, j, t) e_uj                context                attention over the person's own ratings
               + MLP(those sums, counts, spreads)     MLP                    He et al. 2017, eq. 10, on what is left

A person is w = (b, p), and is folded in, in closed form, from his ratings: with z_j = (1, q_j), y_j = stars - mu,

    A = Lambda + alpha sum_j z_j z_j',   w = m + A^-1 alpha sum_j z_j (y_j - b_j - z_j . m),   m = m_0 + x_u W

for each kept sample of the movies' side (gibbs.py), and the answers are averaged. So a newcomer is answered as anybody
else, a rating counts from the moment it is given, and every own rating's push c_j (y_j - b_j - z_j . m) is exact, where
c_j = alpha z_i' A^-1 z_j. alpha, the person's own noise, is E[alpha | errors] after one step from everybody's; Lambda
is 0.7 of the sampled one (Recipe.loosened), since newcomers differ more than those of the training.

Salakhutdinov and Mnih, "Bayesian Probabilistic Matrix Factorization using MCMC", ICML 2008; Simm et al., "Macau:
Scalable Bayesian Factorization with High-Dimensional Side Information", MLSP 2017; He et al., "Neural Collaborative
Filtering", WWW 2017. The newsletter joins its branches in a last dense layer; here they are summed, so that they can
be told apart.

Axes: S samples, N people, M movies, R own ratings, B pairs, F features, D = 1 + width.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag

from services.ratings.gibbs import Moments, with_offset
from services.ratings.history import Histories

PARTS = ("baseline", "matrix_factorisation", "features", "context", "mlp")
NOISE_STEPS = 1  # of the fixed point; further ones move no prediction by as much as 0.001
VARIANCE_SAMPLES = 12  # from so many
PAIRS_AT_ONCE = 4096


@dataclass(frozen=True)
class People:
    """N persons, folded in."""

    rows: Tensor  # (S, N, D) posterior means
    from_features: Tensor  # (S, N, D) x W, a part of the prior means
    prior: Tensor  # (S, N, D) prior means
    covariance: Tensor  # (S, N, D, D)
    alpha: Tensor  # (S, N)


@dataclass(frozen=True)
class Factors:
    """The kept samples: the movies, what their features say of them, and where people come from."""

    mu: Tensor  # () mean stars
    movies: Tensor  # (S, M, D)
    movie_features: Tensor  # (S, M, D) x_i W
    mean: Tensor  # (S, D) of people
    weights: Tensor  # (S, F, D)
    precision: Tensor  # (S, D, D)
    noise: Tensor  # (S,) everybody's mean squared error
    noise_prior: Tensor  # () ratings

    def fold_in(self, own: Histories, x: Tensor) -> People:
        """Persons from their ratings and features x (N, F)."""
        from_features = x @ self.weights  # (S, N, D)
        prior = self.mean[:, None] + from_features
        seen, y_squares = self.moments(own), sums(own.y.square()[:, None], own)[:, 0]
        pull = prior @ self.precision
        alpha = (1 / self.noise)[:, None].expand(-1, len(own))  # (S, N)
        for _ in range(NOISE_STEPS):
            covariance, rows = posterior(seen, self.precision, pull, alpha)
            spread = (seen.precision * covariance).sum((-1, -2))  # E of the errors above those of the mean
            errors = seen.squared_errors(rows, y_squares) + spread
            alpha = (self.noise_prior + own.counts) / (self.noise_prior * self.noise[:, None] + errors)
        covariance, rows = posterior(seen, self.precision, pull, alpha)
        return People(rows, from_features, prior, covariance, alpha)

    def moments(self, own: Histories) -> Moments:
        """Sums over everybody's ratings: by a gather for few, by a table of all movies for many."""
        if len(own) == 1:
            z = with_offset(self.movies[:, own.movie])  # (S, R, D + 1)
            return Moments((z.mT @ z)[:, None], (own.y @ z)[:, None])
        found = []
        for movies in self.movies:
            z = with_offset(movies)
            outer = (z[:, :, None] * z[:, None, :]).flatten(1)
            squares = embedding_bag(own.movie, outer, own.offsets[:-1], mode="sum")
            products = embedding_bag(own.movie, z, own.offsets[:-1], mode="sum", per_sample_weights=own.y)
            found.append((squares.view(-1, z.shape[1], z.shape[1]), products))
        return Moments(torch.stack([s for s, _ in found]), torch.stack([p for _, p in found]))

    @cached_property
    def regressors(self) -> Tensor:
        """z of all samples side by side, so that one product with a person's w averages over them, (M, S D)."""
        return side_by_side(with_offset(self.movies)[..., :-1])

    @cached_property
    def own_regressors(self) -> Tensor:
        """The same of what the features do not say of a movie, without a bias."""
        return side_by_side((self.movies - self.movie_features)[..., 1:])

    @cached_property
    def biases(self) -> Tensor:
        """Mean b_i: all of it, and what the features do not say; (2, M)."""
        return torch.stack([self.movies[..., 0].mean(0), (self.movies - self.movie_features)[..., 0].mean(0)])

    def parts(self, people: People, person: Tensor, movie: Tensor) -> Tensor:
        """Baseline, matrix factorisation and features for B pairs; their sum is mu + b_i + z_i . w. (B, 3)"""
        own = people.rows - people.from_features
        baseline = own[..., 0].mean(0)[person] + self.biases[1][movie]
        factors = products(self.own_regressors, movie, side_by_side(own[..., 1:], mean=False), person)
        total = self.stars(people, person, movie) - self.mu
        return torch.stack([self.mu + baseline, factors, total - baseline - factors], dim=1)

    def stars(self, people: People, person: Tensor, movie: Tensor) -> Tensor:
        """mu + b_i + z_i . w alone, (B,)."""
        known = products(self.regressors, movie, side_by_side(people.rows, mean=False), person)
        return self.mu + self.biases[0][movie] + known

    def variance(self, people: People, person: Tensor, movie: Tensor) -> Tensor:
        """How uncertain z_i . w still is, (B,): within some samples and between them."""
        every, found = -(-len(self.movies) // VARIANCE_SAMPLES), []
        movies, covariance, rows = self.movies[::every], people.covariance[::every], people.rows[::every]
        for p, m in blocks(person, movie):
            v = movies.index_select(1, m)  # (S / every, B, D)
            z = with_offset(v)[..., :-1]
            one = covariance.shape[1] == 1
            moved = z @ covariance[:, 0] if one else torch.einsum("sbd,sbde->sbe", z, covariance.index_select(1, p))
            means = v[..., 0] + (z * rows.index_select(1, p)).sum(-1)
            found.append((moved * z).sum(-1).mean(0) + means.var(0, correction=0))
        return torch.cat(found) if found else self.mu.new_zeros(0)

    def before(self, people: People, movie: Tensor) -> Tensor:
        """What one person would be told of movies without his stars, less mu, in each sample, (S, B)."""
        v = self.movies.index_select(1, movie)
        return v[..., 0] + (with_offset(v)[..., :-1] @ people.prior[:, 0, :, None])[..., 0]

    def pushes(self, people: People, own: Histories, movie: Tensor, errors: Tensor) -> Tensor:
        """For one person, what each own rating moves B movies by, (B, R): c of the docstring above times its surprise.

        `errors` (B, R) are weights with which the own ratings' errors count too (the context branch): an error is its
        surprise less all pushes on its own movie, and those are pushes on the movie z_i - sum_j errors_ij z_j.
        """
        mine = with_offset(self.movies.index_select(1, own.movie))[..., :-1]  # (S, R, D)
        asked = with_offset(self.movies.index_select(1, movie))[..., :-1] - errors @ mine  # (S, B, D)
        surprise = own.y - self.before(people, own.movie)  # (S, R)
        weights = people.alpha[:, :, None] * (asked @ people.covariance[:, 0] @ mine.mT)  # (S, B, R)
        return (weights * surprise[:, None, :]).mean(0) + errors * surprise.mean(0)


def side_by_side(samples: Tensor, mean: bool = True) -> Tensor:
    """(S, N, D) as (N, S D); divided by S when its products are to be means over the samples."""
    flat = samples.transpose(0, 1).flatten(1)
    return flat / len(samples) if mean else flat


def products(movies: Tensor, movie: Tensor, people: Tensor, person: Tensor) -> Tensor:
    """Row `movie` of the one table times row `person` of the other, for B pairs."""
    if len(people) == 1:
        return movies.index_select(0, movie) @ people[0]
    pairs = [(movies.index_select(0, m) * people.index_select(0, p)).sum(1) for p, m in blocks(person, movie)]
    return torch.cat(pairs) if pairs else movies.new_zeros(0)


def blocks(person: Tensor, movie: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(torch.split(person, PAIRS_AT_ONCE), torch.split(movie, PAIRS_AT_ONCE), strict=True)


def sums(values: Tensor, own: Histories) -> Tensor:
    """Sums of values (R, K) over each person's ratings, (N, K)."""
    return values.new_zeros(len(own), values.shape[1]).index_add_(0, own.person, values)


def posterior(seen: Moments, precision: Tensor, pull: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """Covariance (S, N, D, D) and mean (S, N, D) of w."""
    a = precision[:, None] + alpha[..., None, None] * seen.precision
    root = torch.linalg.cholesky(a)
    half = torch.linalg.solve_triangular(root, torch.eye(a.shape[-1]).expand_as(a), upper=False)
    covariance = half.mT @ half
    b = pull + alpha[..., None] * seen.shift
    return covariance, (covariance @ b[..., None])[..., 0]


class Correction(nn.Module):
    """What attention and MLP add to the factors' stars.

    The context branch is linear in what the attention heads bring, without a constant: every own rating's share in it
    is exact. The MLP sees the same and everything else, cut to the range of the training, and learns what is left.
    """

    shift: Tensor
    spread: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, heads: int, inputs: int, hidden: int = 64, dropout: float = 0.15) -> None:
        super().__init__()
        self.heads = nn.Parameter(torch.zeros(heads))
        self.mlp = nn.Sequential(
            nn.Linear(inputs, hidden),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden // 2),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden // 2, 1),
        )
        for last in self.mlp[
            -1
        ].parameters():  # it begins by adding nothing, and stays so where there is little to learn
            nn.init.zeros_(last)
        for name, value in (("shift", 0.0), ("spread", 1.0), ("low", -1e9), ("high", 1e9)):
            self.register_buffer(name, torch.full((inputs,), value))

    def standardise(self, x: Tensor) -> Tensor:
        return (x.clamp(self.low, self.high) - self.shift) / self.spread

    def forward(self, brought: Tensor, x: Tensor) -> Tensor:
        """Context and MLP for what the heads brought (B, heads) and the standardised inputs (B, inputs): (B, 2)."""
        return torch.stack([brought @ self.heads, self.mlp(x)[:, 0]], dim=1)


class Interval(nn.Module):
    """How far off a prediction may be: log sd = a . z, and quantiles of (truth - prediction) / sd.

    z is standardised: all that the MLP is told. `a` and the quantiles come from predictions for ratings that the
    predicting model never saw, so no distribution is assumed for the ends.
    """

    quantiles: Tensor

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.zeros(inputs + 1))
        self.register_buffer("quantiles", torch.tensor([-1.645, 1.645]))  # a normal distribution's, until fitted

    def sd(self, z: Tensor) -> Tensor:
        """For standardised z (B, inputs); bounded, since where all ratings are alike there is no maximum."""
        return (z.clamp(-4, 4) @ self.a[1:] + self.a[0]).exp().clamp(0.01, 100)
