"""The sampler: Bayesian matrix factorisation with features, by Gibbs sampling; plain linear algebra, no gradients.

Salakhutdinov and Mnih 2008, "Bayesian Probabilistic Matrix Factorization using Markov Chain Monte Carlo", ICML,
section 3.3; the features come in as Simm et al. 2017 have it ("Macau", MLSP, eq. 3 to 6), and every user has a noise of
his own.

    y_ui ~ N(b_u + b_i + p_u . q_i, 1 / alpha_u)          y: stars - mu
    (b_u, p_u) = w_u ~ N(m + x_u W, Lambda^-1)            x_u: features of the user; movies alike, with their own
    m, Lambda ~ Normal-Wishart;  W ~ N(0, Lambda^-1 / ridge);  alpha_u ~ Gamma

Axes: U users, M movies, N rows of one side, R ratings, F features, D = 1 + width: a bias and the factors.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag


@dataclass(frozen=True)
class Side:
    """The ratings grouped by the users, or by the movies."""

    other: Tensor  # (R,) who stands on the other side
    offsets: Tensor  # (N,) where each row's ratings begin
    counts: Tensor  # (N,)
    y: Tensor  # (R,) centred stars

    @classmethod
    def group(cls, own: Tensor, other: Tensor, y: Tensor, rows: int) -> "Side":
        order, counts = own.argsort(stable=True), torch.bincount(own, minlength=rows)
        return cls(other[order], counts.cumsum(0) - counts, counts, y[order])

    def moments(self, regressors: Tensor, weight: Tensor | None = None) -> "Moments":
        """What the ratings of each row say, given the other side's (N', D) rows; `weight` is one of theirs."""
        z = with_offset(regressors)  # (N', D + 1)
        weighted = z if weight is None else z * weight[:, None]
        outer = (weighted[:, :, None] * z[:, None, :]).flatten(1)  # (N', (D + 1)^2)
        squares = embedding_bag(self.other, outer, self.offsets, mode="sum").view(-1, z.shape[1], z.shape[1])
        products = embedding_bag(self.other, weighted, self.offsets, mode="sum", per_sample_weights=self.y)
        return Moments(squares, products)


@dataclass(frozen=True)
class Moments:
    """Sums over the ratings of each row, with z = (1, factors, bias) of the other side; samples may stand in front."""

    squares: Tensor  # (..., N, D + 1, D + 1) of z z'
    products: Tensor  # (..., N, D + 1) of y z

    @property
    def precision(self) -> Tensor:
        return self.squares[..., :-1, :-1]  # (N, D, D)

    @property
    def shift(self) -> Tensor:
        """Sum of z (y - bias of the other side)."""
        return self.products[..., :-1] - self.squares[..., :-1, -1]  # (N, D)

    def squared_errors(self, rows: Tensor, y_squares: Tensor) -> Tensor:
        """Sum over each row's ratings of (y - bias - w . z)^2, for the rows w."""
        constant = y_squares + self.squares[..., -1, -1] - 2 * self.products[..., -1]
        quadratic = torch.einsum("...d,...de,...e->...", rows, self.precision, rows)
        return (constant - 2 * (rows * self.shift).sum(-1) + quadratic).clamp(min=0)


@dataclass(frozen=True)
class Prior:
    """Where the rows of one side come from: w ~ N(m + x W, Lambda^-1)."""

    mean: Tensor  # (D,)
    weights: Tensor  # (F, D)
    precision: Tensor  # (D, D)

    def means(self, x: Tensor) -> Tensor:
        return self.mean + x @ self.weights


@dataclass(frozen=True)
class Sample:
    """One state of the chain."""

    movies: Tensor  # (M, D)
    users: Tensor  # (U, D)
    of_users: Prior
    of_movies: Prior
    alpha: Tensor  # (U,)
    squared_error: float  # of all ratings


@dataclass(frozen=True)
class Chain:
    """How to sample."""

    width: int = 12
    ridge: float = 100.0  # of the feature weights
    noise_prior: float = 16.0  # as many ratings as a user's own noise is shrunk with towards everybody's


LEAST_NOISE = 1e-4  # squared stars: where all ratings are alike, nothing else keeps it from 0


def with_offset(rows: Tensor) -> Tensor:
    """(bias, factors) as the other side sees them: (1, factors, bias)."""
    return torch.cat([torch.ones_like(rows[..., :1]), rows[..., 1:], rows[..., :1]], dim=-1)


def sample(
    user: Tensor, movie: Tensor, y: Tensor, x_users: Tensor, x_movies: Tensor, chain: Chain, seed: int
) -> Iterator[Sample]:
    """The states of the chain, one after the other, without end."""
    dice = torch.Generator().manual_seed(seed)
    by_user = Side.group(user, movie, y, len(x_users))
    by_movie = Side.group(movie, user, y, len(x_movies))
    y_squares = torch.bincount(user, y.square(), minlength=len(x_users))
    hyper_users, hyper_movies = Hyper(x_users, chain.ridge), Hyper(x_movies, chain.ridge)
    users, movies = (0.1 * torch.randn(len(x), chain.width + 1, generator=dice) for x in (x_users, x_movies))
    while True:
        seen = by_user.moments(movies)
        errors = seen.squared_errors(users, y_squares)
        alpha = draw_noise(errors, by_user.counts, chain.noise_prior, dice)
        of_users = hyper_users.draw(users, dice)
        precision, shift = alpha[:, None, None] * seen.precision, alpha[:, None] * seen.shift
        users = draw_rows(precision, shift, of_users, x_users, dice)
        of_movies = hyper_movies.draw(movies, dice)
        yield Sample(movies, users, of_users, of_movies, alpha, float(errors.sum()))
        rated = by_movie.moments(users, alpha)
        movies = draw_rows(rated.precision, rated.shift, of_movies, x_movies, dice)


def draw_rows(precision: Tensor, shift: Tensor, prior: Prior, x: Tensor, dice: torch.Generator) -> Tensor:
    """Rows from their posterior: N(A^-1 b, A^-1) with A = Lambda + precision, b = Lambda (m + x W) + shift."""
    root = torch.linalg.cholesky(precision + prior.precision)  # (N, D, D)
    b = shift + prior.means(x) @ prior.precision
    half = torch.linalg.solve_triangular(root, b[:, :, None], upper=False)
    half += torch.randn(half.shape, generator=dice)
    rows: Tensor = torch.linalg.solve_triangular(root.mT, half, upper=True)[:, :, 0]
    return rows


def draw_noise(errors: Tensor, counts: Tensor, prior: float, dice: torch.Generator) -> Tensor:
    """Each user's alpha: Gamma, with everybody's mean squared error counting as `prior` ratings."""
    everybodys = (errors.sum() / counts.sum()).clamp(min=LEAST_NOISE)
    shape = (prior + counts) / 2
    return torch._standard_gamma(shape, generator=dice) / ((prior * everybodys + errors) / 2)


class Hyper:
    """Draws a side's prior from its rows."""

    def __init__(self, x: Tensor, ridge: float) -> None:
        self.x, self.ridge = x, ridge
        self.root = torch.linalg.cholesky(x.T @ x + ridge * torch.eye(x.shape[1]))  # (F, F)
        self.weights = torch.zeros(x.shape[1], 1)

    def draw(self, rows: Tensor, dice: torch.Generator) -> Prior:
        """Normal-Wishart for what the features leave, then the feature weights.

        That the weights tell of Lambda too (F more degrees of freedom, ridge W'W more scatter) is left out: it changed
        no error by as much as two seeds differ.
        """
        mean, precision = normal_wishart(rows - self.x @ self.weights, dice)
        noise = torch.linalg.inv(torch.linalg.cholesky(precision))  # (D, D): its rows have covariance Lambda^-1
        draw = self.x.T @ (rows - mean + torch.randn(rows.shape, generator=dice) @ noise)
        draw += self.ridge**0.5 * torch.randn(draw.shape, generator=dice) @ noise
        self.weights = torch.cholesky_solve(draw, self.root)
        return Prior(mean, self.weights, precision)


def normal_wishart(rows: Tensor, dice: torch.Generator, strength: float = 2.0) -> tuple[Tensor, Tensor]:
    """Mean and precision of rows: Salakhutdinov and Mnih 2008, eq. 14, with mu_0 = 0, W_0 = I, nu_0 = D."""
    n, width = rows.shape
    centre = rows.mean(0)
    scatter = (rows - centre).T @ (rows - centre)
    scale = torch.eye(width) + scatter + strength * n / (strength + n) * torch.outer(centre, centre)
    precision = wishart(torch.linalg.inv(scale), width + n, dice)
    noise = torch.linalg.solve_triangular(
        torch.linalg.cholesky((strength + n) * precision).mT, torch.randn(width, 1, generator=dice), upper=True
    )
    return n * centre / (strength + n) + noise[:, 0], precision


def wishart(scale: Tensor, freedom: int, dice: torch.Generator) -> Tensor:
    """One draw by Bartlett's decomposition."""
    width = len(scale)
    chi_squares = 2 * torch._standard_gamma((freedom - torch.arange(width)) / 2, generator=dice)
    lower = torch.randn(width, width, generator=dice).tril(-1) + chi_squares.sqrt().diag()
    root: Tensor = torch.linalg.cholesky((scale + scale.T) / 2) @ lower
    return root @ root.T
