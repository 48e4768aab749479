"""The four branches and the interval."""

import pytest
import torch

from services.ratings.model import PARTS, FourBranches, Interval, Shape

SHAPE = Shape(users=4, movies=6, features=3)


@pytest.fixture
def network() -> FourBranches:
    torch.manual_seed(0)
    network = FourBranches(SHAPE).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)
    network.x, network.mean_context, network.mean_stars = torch.randn(6, 3), torch.rand(2), torch.tensor(3.5)
    return network


def test_every_branch_is_what_its_equation_says(network: FourBranches) -> None:
    u, i, t = 2, 5, torch.tensor([1.0, 0.0])
    parts = network(torch.tensor([u]), torch.tensor([i]), t[None])[0]
    by_hand = [
        3.5 + network.b_u.weight[u, 0] + network.b_i.weight[i, 0],
        network.p.weight[u] @ network.q.weight[i],
        (network.w + network.w_u.weight[u]) @ network.x[i],
        (network.c_u.weight[u] + network.c_i.weight[i]) @ (t - network.mean_context),
        network.mlp(torch.cat([network.e_u.weight[u], network.e_i.weight[i]]))[0],
    ]
    assert len(PARTS) == len(by_hand)
    torch.testing.assert_close(parts, torch.stack(by_hand))


def test_the_mean_context_adds_nothing(network: FourBranches) -> None:
    parts = network(torch.tensor([0]), torch.tensor([0]), network.mean_context[None])
    assert parts[0, PARTS.index("context")] == 0


def test_the_factorisation_is_50_wide_as_in_the_newsletter() -> None:
    assert FourBranches(SHAPE).p.weight.shape == (4, 50)


def test_an_unfitted_interval_is_a_normal_one() -> None:
    low, high = Interval(4, 6)(torch.tensor([0]), torch.tensor([0]), torch.tensor([3.0]))
    assert (low.item(), high.item()) == pytest.approx((3 - 1.645, 3 + 1.645))
