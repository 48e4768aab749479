"""The map: neighbours stay neighbours, and nobody moves when others come."""

import pytest
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from services.images.projection import LANDMARKS, Projection, affinities, fit, fitted, gradient, principal, thinned


def clouds(count: int = 8, each: int = 20) -> Tensor:
    """Unit vectors (160, 16) around 8 centres."""
    generator = Generator().manual_seed(0)
    centres = F.normalize(torch.randn(count, 1, 16, generator=generator), dim=2)
    return F.normalize(centres + 0.1 * torch.randn(count, each, 16, generator=generator), dim=2).flatten(0, 1)


@pytest.fixture(scope="module")
def projection() -> Projection:
    return fit(clouds())


def purity(places: Tensor) -> float:
    """How often the nearest on the map is of the same cloud."""
    distances = torch.cdist(places, places).fill_diagonal_(torch.inf)
    return (distances.argmin(1) // 20 == torch.arange(160) // 20).float().mean().item()


def test_neighbours_in_the_space_are_neighbours_on_the_map(projection: Projection) -> None:
    places = projection.place(clouds())
    assert purity(places) > 0.95
    assert purity(places) > purity(principal(clouds()))


def test_a_place_depends_on_no_other_picture(projection: Projection) -> None:
    everyone = projection.place(clouds())
    torch.testing.assert_close(projection.place(clouds()[70:80]), everyone[70:80], rtol=0, atol=1e-5)


def test_a_landmark_keeps_its_own_place(projection: Projection) -> None:
    assert (projection.place(projection.landmarks) - projection.places).abs().max() < 0.01


def test_a_new_picture_lies_among_those_it_resembles(projection: Projection) -> None:
    between = F.normalize(clouds()[0] + clouds()[1], dim=0)
    place = projection.place(between[None])[0]
    cloud = projection.places[:20]
    assert (place - cloud).norm(dim=1).min() < (projection.places[20:] - place).norm(dim=1).min()


def test_it_fills_the_square_and_does_not_leave_it(projection: Projection) -> None:
    places = projection.place(F.normalize(torch.randn(500, 16, generator=Generator().manual_seed(1)), dim=1))
    assert projection.places.abs().max() == 1
    assert places.abs().max() <= 1


def test_the_same_pictures_make_the_same_map(projection: Projection) -> None:
    assert torch.equal(fit(clouds()).places, projection.places)


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_a_few_pictures_have_a_map_too(count: int) -> None:
    places = fit(clouds()[:count]).place(clouds()[:count])
    assert places.shape == (count, 2)
    assert torch.isfinite(places).all()


def test_the_same_picture_many_times_has_a_map() -> None:
    assert torch.isfinite(fit(clouds()[:1].expand(100, 16)).places).all()


def test_too_many_are_thinned_evenly() -> None:
    numbers = torch.arange(2.0 * LANDMARKS).unsqueeze(1)
    steps = thinned(numbers).squeeze(1).diff()
    assert len(steps) == LANDMARKS - 1
    assert set(steps.tolist()) <= {2.0, 3.0}
    assert torch.equal(thinned(numbers[:50]), numbers[:50])


def test_the_gradient_is_that_of_the_divergence() -> None:
    p = affinities(clouds()[:80]).double()
    places = torch.randn(80, 2, dtype=torch.float64, generator=Generator().manual_seed(0)).requires_grad_()
    near = 1 / (1 + (places.unsqueeze(0) - places.unsqueeze(1)).square().sum(2)) * (1 - torch.eye(80))
    divergence = torch.special.xlogy(p, p).sum() - torch.special.xlogy(p, near / near.sum() + torch.eye(80)).sum()
    divergence.backward()
    torch.testing.assert_close(gradient(p, places.detach()), places.grad, rtol=1e-5, atol=1e-8)


def test_the_affinities_are_symmetric_and_sum_to_one() -> None:
    p = affinities(clouds())
    torch.testing.assert_close(p, p.T)
    torch.testing.assert_close(p.sum(), torch.tensor(1.0))
    assert not p.diagonal().any()


def test_the_principal_axes_do_not_flip() -> None:
    rotated = principal(clouds().flip(0)).flip(0)
    torch.testing.assert_close(rotated, principal(clouds()), rtol=1e-3, atol=1e-4)


def test_one_scale_for_both_axes() -> None:
    places = fitted(torch.tensor([[0.0, 0.0], [4.0, 2.0]]))
    assert places.tolist() == [[-1, -0.5], [1, 0.5]]
