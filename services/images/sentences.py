"""A sentence to a unit vector: MiniLM's six BERT layers in torch's own encoder, mean pooling; English, for text search.

all-MiniLM-L6-v2: Wang et al. 2020, arXiv:2002.10957, fine-tuned for sentences as Reimers and Gurevych 2019,
arXiv:1908.10084. Attention has the same weights in a code of its own that shows its inside; here they only embed.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

from shared.tensors import load_tensors

WIDTH, LAYERS, HEADS, INNER = 384, 6, 12, 1536
WORDS, PLACES = 30_522, 512  # word pieces known, and places in a sequence
TOKENS = 128  # longer texts are cut, as its authors trained it

# The names of the checkpoint's parts of a layer and of torch's; query, key and value are one matrix in torch's.
PARTS = {
    "attention.output.dense": "self_attn.out_proj",
    "attention.output.LayerNorm": "norm1",
    "intermediate.dense": "linear1",
    "output.dense": "linear2",
    "output.LayerNorm": "norm2",
}


class SentenceEncoder(nn.Module):
    """Word pieces (N, T) and which of them are there (N, T) to unit vectors (N, 384)."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, WIDTH)
        self.places = nn.Embedding(PLACES, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, INNER, dropout=0, activation="gelu", layer_norm_eps=1e-12, batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)

    def forward(self, pieces: Tensor, there: Tensor) -> Tensor:
        places = torch.arange(pieces.shape[1], device=pieces.device)
        x = self.norm(self.words(pieces) + self.places(places))  # (N, T, 384)
        x = self.encoder(x, src_key_padding_mask=~there)  # (N, T, 384)
        mean = (x * there.unsqueeze(2)).sum(1) / there.sum(1, keepdim=True)  # (N, 384)
        return F.normalize(mean, dim=1)


def our_weights(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """BertModel's weights under torch's names; the one segment's vector is added to every place's."""
    segment = theirs["embeddings.token_type_embeddings.weight"][0]
    ours = {
        "words.weight": theirs["embeddings.word_embeddings.weight"],
        "places.weight": theirs["embeddings.position_embeddings.weight"] + segment,
        "norm.weight": theirs["embeddings.LayerNorm.weight"],
        "norm.bias": theirs["embeddings.LayerNorm.bias"],
    }
    for layer in range(LAYERS):
        ours |= layer_weights(theirs, f"encoder.layer.{layer}", f"encoder.layers.{layer}")
    return ours


def layer_weights(theirs: dict[str, Tensor], old: str, new: str) -> dict[str, Tensor]:
    weights = {}
    for kind in ("weight", "bias"):
        asked = [theirs[f"{old}.attention.self.{name}.{kind}"] for name in ("query", "key", "value")]
        weights[f"{new}.self_attn.in_proj_{kind}"] = torch.cat(asked)
        weights |= {f"{new}.{ours}.{kind}": theirs[f"{old}.{their}.{kind}"] for their, ours in PARTS.items()}
    return weights


class Sentences:
    """Texts to unit vectors (N, 384), from a folder with MiniLM's model.safetensors and tokenizer.json."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(TOKENS)
        self.tokenizer.enable_padding()  # to the longest of a batch; the file says always 128
        self.encoder = SentenceEncoder().eval()
        self.encoder.load_state_dict(our_weights(load_tensors(folder / "model.safetensors")))

    def embed(self, texts: Sequence[str], batch: int = 64) -> Tensor:
        batches = [self.embed_batch(texts[start : start + batch]) for start in range(0, len(texts), batch)]
        return torch.cat(batches) if batches else torch.empty(0, WIDTH)  # (N, 384)

    def embed_batch(self, texts: Sequence[str]) -> Tensor:
        encodings = self.tokenizer.encode_batch(list(texts))
        pieces = torch.tensor([encoding.ids for encoding in encodings])  # (N, T)
        there = torch.tensor([encoding.attention_mask for encoding in encodings], dtype=torch.bool)  # (N, T)
        with torch.inference_mode():
            vectors: Tensor = self.encoder(pieces, there)
        return vectors
