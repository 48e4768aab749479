"""The device: what was wanted when it is there, the processor when it is not, never an error."""

import logging

import pytest
import torch

from shared import device


def test_the_processor_is_always_there() -> None:
    assert device.choose("cpu") == torch.device("cpu")


def test_auto_takes_a_gpu_only_when_there_is_one() -> None:
    there = torch.cuda.is_available() or torch.backends.mps.is_available()
    assert (device.choose("auto").type != "cpu") == there


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_gpu_that_is_not_there_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert device.choose("cuda") == torch.device("cpu")
    assert "no cuda on this machine" in caplog.text
