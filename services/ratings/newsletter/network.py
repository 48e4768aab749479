"""The newsletter's network (its Fig. 16 to 18), rewritten in torch: four branches joined in one linear unit.

    y = Dense_1([p_u . q_i, relu(Dense_25([e_u, e_i])), relu(Dense_F(x_i)), relu(Dense_C(c))])

Keras' initial values and Adam: weights from Glorot and Bengio 2010, eq. 16, tables uniform in -0.05 to 0.05, epsilon
1e-7. Axes: B batch, U users, M movies, F features of a movie, C context.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BRANCHES = ("matrix factorisation", "MLP", "features", "context")
WIDTH = 50  # of each table
BATCH = 128


@dataclass(frozen=True)
class Rows:
    """Ratings as the network takes them: `y` is whatever it shall predict."""

    user: Tensor  # (R,)
    movie: Tensor  # (R,)
    features: Tensor  # (R, F)
    context: Tensor  # (R, C)
    y: Tensor  # (R,)

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, which: Tensor | slice) -> "Rows":
        return Rows(self.user[which], self.movie[which], self.features[which], self.context[which], self.y[which])


class Network(nn.Module):
    """`branches` are those of BRANCHES that take part; the newsletter has all four."""

    def __init__(self, users: int, movies: int, features: int, context: int, branches: Sequence[str] = BRANCHES):
        super().__init__()
        self.p, self.q = table(users), table(movies)
        self.e_u, self.e_i = table(users), table(movies)
        self.mlp, self.x, self.c = dense(2 * WIDTH, WIDTH // 2), dense(features, features), dense(context, context)
        widths = dict(zip(BRANCHES, (1, WIDTH // 2, features, context), strict=True))
        self.branches = [branch for branch in BRANCHES if branch in branches]
        self.y = dense(sum(widths[branch] for branch in self.branches), 1)

    def forward(self, rows: Rows) -> Tensor:
        joined = torch.cat([self.branch(name, rows) for name in self.branches], dim=1)
        y: Tensor = self.y(joined)[:, 0]  # (B,)
        return y

    def branch(self, name: str, rows: Rows) -> Tensor:
        """What a branch hands to the last layer: (B, 1), (B, WIDTH / 2), (B, F) or (B, C)."""
        if name == "matrix factorisation":
            product: Tensor = torch.linalg.vecdot(self.p(rows.user), self.q(rows.movie))
            return product[:, None]
        if name == "MLP":
            return F.relu(self.mlp(torch.cat([self.e_u(rows.user), self.e_i(rows.movie)], dim=1)))
        dense: Tensor = self.x(rows.features) if name == "features" else self.c(rows.context)
        return F.relu(dense)


def table(rows: int) -> nn.Embedding:
    made = nn.Embedding(rows, WIDTH)
    nn.init.uniform_(made.weight, -0.05, 0.05)
    return made


def dense(inputs: int, units: int) -> nn.Linear:
    made = nn.Linear(inputs, units)
    nn.init.xavier_uniform_(made.weight)
    nn.init.zeros_(made.bias)
    return made


def epochs(network: Network, rows: Rows, *, squared: bool, most: int, seed: int) -> Iterator[int]:
    """Adam on absolute errors, or on squared ones; yields after each epoch."""
    optimiser = torch.optim.Adam(network.parameters(), eps=1e-7, fused=True)
    generator = torch.Generator().manual_seed(seed)
    for epoch in range(1, most + 1):
        shuffled = rows[torch.randperm(len(rows), generator=generator)]
        for start in range(0, len(rows), BATCH):
            batch = shuffled[start : start + BATCH]
            error = network(batch) - batch.y  # (B,)
            loss = (error.square() if squared else error.abs()).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        yield epoch


@torch.no_grad()
def predicted(network: Network, rows: Rows) -> Tensor:
    y: Tensor = network(rows)  # (R,)
    return y
