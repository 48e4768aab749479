"""Tensors in files: safetensors, never pickle."""

from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor


def save_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, path)
    path.chmod(0o644)  # safetensors lets only the owner read; the trainer and the service may be two users.


def load_tensors(path: Path, device: str = "cpu") -> dict[str, Tensor]:
    return load_file(path, device=device)
