"""The four branches of the newsletter, added up, and the interval around their sum.

    r(u, i, t) = mu + b_u + b_i                     baseline              Koren, Bell, Volinsky 2009, eq. 3
               + p_u . q_i                          matrix factorisation  the same, eq. 4
               + (w + w_u) . x_i                    features              x_i: genres, decade, old
               + (c_u + c_i) . (t - mean t)         context               t: day, weekend
               + MLP(e_u, e_i)                      MLP                   He et al. 2017, eq. 10

Koren, Bell and Volinsky, "Matrix Factorization Techniques for Recommender Systems", IEEE Computer 42(8); He et al.,
"Neural Collaborative Filtering", WWW. The newsletter joins its branches in a last dense layer. Here they are summed, so
that every prediction can be told apart exactly into the stars that each branch adds.

Axes: B batch, U users, M movies, F movie features, P parts.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

PARTS = ("baseline", "matrix_factorisation", "features", "context", "mlp")


@dataclass(frozen=True)
class Shape:
    """The sizes of the network."""

    users: int
    movies: int
    features: int
    context: int = 2  # day, weekend
    width: int = 50  # of the matrix factorisation; the newsletter's
    mlp_width: int = 8  # the newsletter has 50; on validation 8 was as good, and it overfits later
    hidden: int = 25  # the newsletter's
    dropout: float = 0.5


class FourBranches(nn.Module):
    """Predicted stars, part by part. A movie or user without ratings has zeros, and so adds nothing of its own."""

    x: Tensor
    mean_context: Tensor
    mean_stars: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.b_u, self.b_i = embedding(shape.users, 1, std=0), embedding(shape.movies, 1, std=0)
        self.p, self.q = embedding(shape.users, shape.width), embedding(shape.movies, shape.width)
        self.w = nn.Parameter(torch.zeros(shape.features))  # (F,)
        self.w_u = embedding(shape.users, shape.features, std=0)
        self.c_u, self.c_i = embedding(shape.users, shape.context, std=0), embedding(shape.movies, shape.context, std=0)
        self.e_u, self.e_i = embedding(shape.users, shape.mlp_width), embedding(shape.movies, shape.mlp_width)
        self.mlp = nn.Sequential(
            nn.Linear(2 * shape.mlp_width, shape.hidden),
            nn.ReLU(),
            nn.Dropout(shape.dropout),
            nn.Linear(shape.hidden, 1),
        )
        self.register_buffer("x", torch.zeros(shape.movies, shape.features))  # (M, F)
        self.register_buffer("mean_context", torch.zeros(shape.context))
        self.register_buffer("mean_stars", torch.zeros(()))

    def forward(self, user: Tensor, movie: Tensor, context: Tensor) -> Tensor:
        """The stars each branch adds, in the order of PARTS; their sum is the prediction, before it meets the scale."""
        baseline = self.mean_stars + self.b_u(user)[:, 0] + self.b_i(movie)[:, 0]  # (B,)
        factors = (self.p(user) * self.q(movie)).sum(1)
        features = ((self.w + self.w_u(user)) * self.x[movie]).sum(1)
        moment = ((self.c_u(user) + self.c_i(movie)) * (context - self.mean_context)).sum(1)
        mlp = self.mlp(torch.cat([self.e_u(user), self.e_i(movie)], dim=1))[:, 0]
        return torch.stack([baseline, factors, features, moment, mlp], dim=1)  # (B, P)

    def tables(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Each branch's rows of users and of movies: what is regularised by how often it was rated."""
        nothing = self.x.new_zeros(0, 1)
        return {
            "baseline": (self.b_u.weight, self.b_i.weight),
            "matrix_factorisation": (self.p.weight, self.q.weight),
            "features": (self.w_u.weight, nothing),
            "context": (self.c_u.weight, self.c_i.weight),
            "mlp": (self.e_u.weight, self.e_i.weight),
        }


def embedding(rows: int, width: int, std: float = 0.1) -> nn.Embedding:
    table = nn.Embedding(rows, width)
    nn.init.normal_(table.weight, std=std)
    return table


class Interval(nn.Module):
    """How far off a prediction may be: log sd = a . z, and the 5 % and 95 % quantiles of (truth - prediction) / sd.

    z holds 1, the predicted stars, and of the user and of the movie how many ratings they have (log) and how much those
    scatter (log). Both quantiles and `a` come from held-out rows, so no distribution is assumed for the ends.
    """

    users: Tensor
    movies: Tensor
    quantiles: Tensor

    def __init__(self, users: int, movies: int) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.zeros(6))
        self.register_buffer("users", torch.zeros(users, 2))
        self.register_buffer("movies", torch.zeros(movies, 2))
        self.register_buffer("quantiles", torch.tensor([-1.645, 1.645]))  # a normal distribution's, until fitted

    def sd(self, user: Tensor, movie: Tensor, stars: Tensor) -> Tensor:
        one = torch.ones_like(stars)
        z = torch.cat([torch.stack([one, stars], dim=1), self.users[user], self.movies[movie]], dim=1)  # (B, 6)
        return (z @ self.a).exp().clamp(0.01, 100)  # where all ratings are alike the likelihood has no maximum

    def forward(self, user: Tensor, movie: Tensor, stars: Tensor) -> tuple[Tensor, Tensor]:
        """The ends of the 90 % interval."""
        sd = self.sd(user, movie, stars)
        return stars + self.quantiles[0] * sd, stars + self.quantiles[1] * sd
