"""Where a model runs: a GPU when there is one, the processor when there is none."""

import logging
import os

import torch

log = logging.getLogger(__name__)


def choose(wanted: str) -> torch.device:
    """The device `wanted` ("auto", "cuda", "mps", "cpu"); the processor, with a warning, when it is not there."""
    works = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    there = [name for name in works if works[name]]
    if wanted == "auto":
        return torch.device(there[0] if there else "cpu")
    if wanted != "cpu" and wanted not in there:
        log.warning("no %s on this machine; the model runs on the processor", wanted)
        return torch.device("cpu")
    return torch.device(wanted)


def limit_threads(threads: int) -> None:
    """Torch's threads in this process. On busy cores two threads wait for each other."""
    torch.set_num_threads(threads)


def lanes(device: str, threads: int) -> int:
    """How many passes may run at once: on a processor as many as have `threads` cores each, on a GPU one."""
    return max(1, training_threads() // threads) if device == "cpu" else 1


def training_threads() -> int:
    """All cores this process may use: training has the machine to itself."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
