"""Files to vectors: Pillow and PyTorch as they come, beside ours; in one process, in turns, one thread, CPU time."""

import copy
import io
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from services.images import litert
from services.images.fused import Forward, fused
from services.images.model import Siamese
from services.images.pixels import pixels
from shared.device import limit_threads
from shared.engine import Figure

BATCH, ROUNDS = 16, 15
MAX_PIXELS = 25_000_000
NAIVE, EAGER, DEFAULT, EXTRA = "Pillow and eager PyTorch", "eager PyTorch, our decoding", "ours", "ours with the extra"

Embed = Callable[[Sequence[bytes]], Tensor]  # files to (N, 256), unit length


def naive(network: Siamese) -> Embed:
    """As most would write it: float32, the layout and the layers as they come."""

    def decoded(raw: bytes) -> Tensor:
        side = (network.backbone.side, network.backbone.side)
        image = Image.open(io.BytesIO(raw)).convert("RGB").resize(side, Image.Resampling.BICUBIC)
        return torch.from_numpy(np.array(image)).permute(2, 0, 1)

    def embed(raws: Sequence[bytes]) -> Tensor:
        vectors: Tensor = network.general(network.maps(torch.stack([decoded(raw) for raw in raws])))
        return vectors  # (N, 256)

    return embed


def ours(network: Siamese, trunk: Forward, top: Forward) -> Embed:
    def embed(raws: Sequence[bytes]) -> Tensor:
        pictures = torch.stack([pixels(raw, MAX_PIXELS, network.backbone.side) for raw in raws])
        cells = top(trunk(network.backbone.scaled(pictures)))  # (N, C, H, W)
        return network.general.project(cells.mean((2, 3)))

    return embed


def candidates(network: Siamese) -> dict[str, Embed]:
    """`network` is as it was trained: no batch norm folded."""
    network = copy.deepcopy(network).cpu().eval()
    trunk, top = network.trunk, network.general.top
    found = {
        DEFAULT: ours(network, fused(trunk), fused(top)),
        NAIVE: naive(network),
        EAGER: ours(network, trunk, top),
    }
    if litert.installed():
        found[EXTRA] = ours(network, litert.compiled(trunk), litert.compiled(top))
    return found


def measure(network: Siamese, raws: Sequence[bytes], data: str) -> list[Figure]:
    """Speed on a batch at a time of the files of pictures `raws`, and exactness on all of them."""
    limit_threads(1)
    with torch.inference_mode():
        embeds = candidates(network)
        taken = in_turns(embeds, batches_of(raws))
        cosines = smallest_cosines(embeds, raws)
    return [speed_figure(taken, data), *ratio_figures(taken, data), cosine_figure(cosines, data)]


def batches_of(raws: Sequence[bytes]) -> list[Sequence[bytes]]:
    return [raws[start : start + BATCH] for start in range(0, len(raws), BATCH)]


def in_turns(embeds: Mapping[str, Embed], batches: Sequence[Sequence[bytes]]) -> dict[str, list[float]]:
    """CPU milliseconds a picture: of every round, one for each candidate, all with the same files."""
    for embed in embeds.values():
        embed(batches[0])  # does not count
    taken: dict[str, list[float]] = {name: [] for name in embeds}
    for turn in tqdm(range(ROUNDS), desc="embedding", unit=" rounds"):
        batch = batches[turn % len(batches)]
        for name, embed in embeds.items():
            started = time.process_time()
            embed(batch)
            taken[name].append((time.process_time() - started) * 1e3 / len(batch))
    return taken


def smallest_cosines(embeds: Mapping[str, Embed], raws: Sequence[bytes]) -> dict[str, float]:
    """Of each picture's vector and the one that eager PyTorch gives, for each candidate the smallest."""
    vectors = {name: torch.cat([embed(batch) for batch in batches_of(raws)]) for name, embed in embeds.items()}
    return {name: (vectors[name] * vectors[NAIVE]).sum(1).min().item() for name in embeds if name != NAIVE}


def speed_figure(taken: Mapping[str, Sequence[float]], data: str) -> Figure:
    medians = {name: statistics.median(times) for name, times in taken.items()}
    metric = "CPU ms a picture, file to 256-d vector, one thread"
    return Figure(metric=metric, value=medians.pop(DEFAULT), data=data, baselines=medians, note=f"batches of {BATCH}")


def ratio_figures(taken: Mapping[str, Sequence[float]], data: str) -> list[Figure]:
    """The median of the rounds' ratios: a busy machine is busy for both of a round."""
    goals = {DEFAULT: 4, EXTRA: 8}
    return [
        Figure(
            metric=f"times as many pictures a second as {NAIVE}: {name}",
            value=statistics.median(slow / fast for slow, fast in zip(taken[NAIVE], taken[name], strict=True)),
            data=data,
            note=f"goal: {goal}; {processor()}",
        )
        for name, goal in goals.items()
        if name in taken
    ]


def cosine_figure(cosines: dict[str, float], data: str) -> Figure:
    metric = "smallest cosine to the vector of eager float32"
    note = "goal: 0.999; through files, so Pillow's resizing beside PyTorch's is in it"
    return Figure(metric=metric, value=cosines.pop(DEFAULT), data=data, baselines=cosines, note=note)


def processor() -> str:
    """What of it decides which way is fast."""
    able = torch.cpu.get_capabilities()
    return ", ".join(
        f"{'has' if able.get(name) else 'no'} {name}" for name in ("amx_bf16", "avx512_fp16", "avx512_bf16")
    )
