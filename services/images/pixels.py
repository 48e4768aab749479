"""A file's bytes to the square of pixels that a network sees, and many files in threads ahead of who wants them."""

import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from services.images.features import decode, on_white, open_header, upright

T = TypeVar("T")

BROKEN = (OSError, SyntaxError, ValueError, struct.error)  # what Pillow raises for broken pixel data


def pixels(raw: bytes, max_pixels: int, side: int) -> Tensor:
    """The picture in a file, upright, RGB on white, squashed: (3, side, side), uint8; refused as by `decode`."""
    image = open_header(raw)
    if image.width * image.height <= max_pixels and shrunk(image, side):
        with suppress(*BROKEN):  # `decode` tells what is broken
            return of_image(on_white(upright(image)), side)
    return of_image(decode(raw, max_pixels), side)


def shrunk(image: Image.Image, side: int) -> bool:
    """Lets a large JPEG be decoded at 1/2, 1/4 or 1/8 of its size, if that is still twice what is needed."""
    size = image.size
    image.draft(image.mode, (2 * side, 2 * side))
    return image.size != size


def of_image(image: Image.Image, side: int) -> Tensor:
    """(3, side, side), uint8, of a picture that is decoded already: RGB, upright.

    The whole picture is squashed to a square: cutting the middle out would lose what a wide picture shows at its ends.
    PyTorch's bicubic is Pillow's to a hundredth of a grey level, in a third of its time.
    """
    picture = torch.from_numpy(np.array(image)).permute(2, 0, 1)  # (3, H, W)
    if image.size == (side, side):
        return picture.contiguous()
    return F.interpolate(picture[None], (side, side), mode="bicubic", antialias=True)[0].contiguous()


def ahead(openers: Iterable[Callable[[], T]], workers: int, most: int) -> Iterator[T]:
    """What each opener returns, in their order, computed in threads while the caller works; at most `most` wait for it.

    What an opener raises is raised at its turn. Pillow and PyTorch let go of Python's lock: threads use all cores.
    """
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            for opener in openers:
                if len(waiting) >= most:
                    yield waiting.popleft().result()
                waiting.append(pool.submit(opener))
            while waiting:
                yield waiting.popleft().result()
        finally:  # the caller stopped early, or an opener raised
            pool.shutdown(cancel_futures=True)
