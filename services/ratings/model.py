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
c_j = alpha z_i' A^-1 z_j. alpha, the person's own noise, is the fixed point of E[alpha | errors].

Salakhutdinov and Mnih, "Bayesian Probabilistic Matrix Factorization using MCMC", ICML 2008; Simm et al., "Macau: Scalable
Bayesian Factorization with High-Dimensional Side Information", MLSP 2017; He et al., "Neural Collaborative Filtering",
WWW 2017. The newsletter joins its branches in a last dense layer; here they are summed, so that they can be told apart.

Axes: S samples, N people, M movies, R own ratings, B pairs, F features, D = 1 + width.
"""

from dataclasses import dataclass, fields

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

    def tensors(self) -> dict[str, Tensor]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

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

    def parts(self, people: People, person: Tensor, movie: Tensor) -> Tensor:
        """Baseline, matrix factorisation and features for B pairs; their sum is mu + b_i + z_i . w. (B, 3)"""
        pairs = zip(person.split(PAIRS_AT_ONCE), movie.split(PAIRS_AT_ONCE), strict=True)
        return torch.cat([self.some_parts(people, p, m) for p, m in pairs])

    def some_parts(self, people: People, person: Tensor, movie: Tensor) -> Tensor:
        w, v = people.rows[:, person], self.movies[:, movie]  # (S, B, D)
        own_w, own_v = w - people.from_features[:, person], v - self.movie_features[:, movie]
        baseline = (own_w[..., 0] + own_v[..., 0]).mean(0)
        factors = (own_w[..., 1:] * own_v[..., 1:]).sum(-1).mean(0)
        total = (w[..., 0] + v[..., 0] + (w[..., 1:] * v[..., 1:]).sum(-1)).mean(0)
        return torch.stack([self.mu + baseline, factors, total - baseline - factors], dim=1)

    def stars(self, people: People, person: Tensor, movie: Tensor) -> Tensor:
        """mu + b_i + z_i . w alone, (B,)."""
        pairs = zip(person.split(PAIRS_AT_ONCE), movie.split(PAIRS_AT_ONCE), strict=True)
        found = [self.some_stars(people, p, m) for p, m in pairs]
        return self.mu + torch.cat(found) if found else movie.new_zeros(0, dtype=torch.float32)

    def some_stars(self, people: People, person: Tensor, movie: Tensor) -> Tensor:
        v, w = self.movies[:, movie], people.rows[:, person]
        return (v[..., 0] + w[..., 0] + (v[..., 1:] * w[..., 1:]).sum(-1)).mean(0)

    def variance(self, people: People, person: Tensor, movie: Tensor) -> Tensor:
        """How uncertain z_i . w still is, (B,): within some samples and between them."""
        every, found = -(-len(self.movies) // VARIANCE_SAMPLES), []
        for p, m in zip(person.split(PAIRS_AT_ONCE // 4), movie.split(PAIRS_AT_ONCE // 4), strict=True):
            z = with_offset(self.movies[::every, m])[..., :-1]  # (S / 4, B, D)
            covariance = people.covariance[::every]
            moved = z @ covariance[:, 0] if covariance.shape[1] == 1 else torch.einsum("sbd,sbde->sbe", z, covariance[:, p])
            means = self.movies[::every, m, 0] + (z * people.rows[::every, p]).sum(-1)
            found.append((moved * z).sum(-1).mean(0) + means.var(0, correction=0))
        return torch.cat(found)

    def pushes(self, people: People, own: Histories, movie: Tensor) -> tuple[Tensor, Tensor]:
        """For one person: what B movies would get without his stars, (B,), and each own rating's push, (B, R)."""
        z = with_offset(self.movies)[..., :-1]  # (S, M, D)
        mine, asked = z[:, own.movie], z[:, movie]
        before = self.movies[:, :, 0] + (z @ people.prior[:, 0, :, None])[..., 0]  # (S, M)
        surprise = own.y - before[:, own.movie]  # (S, R)
        weights = people.alpha[:, :, None] * (asked @ people.covariance[:, 0] @ mine.mT)  # (S, B, R)
        return self.mu + before[:, movie].mean(0), (weights * surprise[:, None, :]).mean(0)


def sums(values: Tensor, own: Histories) -> Tensor:
    """Sums of values (R, K) over each person's ratings, (N, K)."""
    return values.new_zeros(len(own), values.shape[1]).index_add_(0, own.person, values)


def posterior(seen: Moments, precision: Tensor, pull: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """Covariance (S, N, D, D) and mean (S, N, D) of w."""
    a = precision[:, None] + alpha[..., None, None] * seen.precision
    covariance = torch.cholesky_inverse(torch.linalg.cholesky(a))
    b = pull + alpha[..., None] * seen.shift
    return covariance, (covariance @ b[..., None])[..., 0]


class Correction(nn.Module):
    """What attention and MLP add to the factors' stars.

    The context branch is linear in what the attention heads bring, without a constant: every own rating's share in it is
    exact. The MLP sees the same and everything else, cut to the range of the training, and learns what is left.
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
        for name, value in (("shift", 0.0), ("spread", 1.0), ("low", -1e9), ("high", 1e9)):
            self.register_buffer(name, torch.full((inputs,), value))

    def standardise(self, x: Tensor) -> Tensor:
        return (x.clamp(self.low, self.high) - self.shift) / self.spread

    def forward(self, brought: Tensor, x: Tensor) -> Tensor:
        """Context and MLP for what the heads brought (B, heads) and the standardised inputs (B, inputs): (B, 2)."""
        return torch.stack([brought @ self.heads, self.mlp(x)[:, 0]], dim=1)


class Interval(nn.Module):
    """How far off a prediction may be: log sd = a . z, and quantiles of (truth - prediction) / sd.

    z is standardised: what is known of the pair (see evidence in memory.py). `a` and the quantiles come from predictions
    for ratings that the predicting model never saw, so no distribution is assumed for the ends.
    """

    quantiles: Tensor

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.zeros(inputs + 1))
        self.register_buffer("quantiles", torch.tensor([-1.645, 1.645]))  # a normal distribution's, until fitted

    def sd(self, z: Tensor) -> Tensor:
        """For standardised z (B, inputs); bounded, since where all ratings are alike there is no maximum."""
        return (z.clamp(-4, 4) @ self.a[1:] + self.a[0]).exp().clamp(0.01, 100)
