"""What makes an answer less trustworthy than it looks, in words."""

import torch
from torch import Tensor

from services.attention.features import UNKNOWN, Tokens, has_hangul, unknown_words
from services.attention.schemas.common import ModelInfo

SHOWN = 5  # unknown words that a warning names
REST = 0.5  # share of the weight on special tokens from which a warning says why


def of_texts(info: ModelInfo, *texts: Tokens) -> list[str]:
    """What the model cannot have understood of texts that are not merged into words yet; each thing once."""
    said = [*(unknown(info, tokens) for tokens in texts), *(strange_language(info, tokens) for tokens in texts)]
    return list(dict.fromkeys(doubt for doubt in said if doubt))


def unknown(info: ModelInfo, tokens: Tokens) -> str | None:
    pieces = unknown_words(tokens)
    if not pieces:
        return None
    few = ", ".join(repr(word[:20]) for word in pieces[:SHOWN])
    name = next(token for token in tokens.tokens if token in UNKNOWN)
    return f"{len(pieces)} of {len(tokens)} tokens are {name}, unknown to {info.name}: {few}"


def strange_language(info: ModelInfo, tokens: Tokens) -> str | None:
    if {"ko", "und"} & set(info.languages) or not has_hangul("".join(tokens.texts)):
        return None
    known = ", ".join(info.languages)
    return f"{info.name} was not trained on Korean (languages: {known}): its numbers of Hangul mean little; see e5"


def of_weights(keys: Tokens, attention: Tensor) -> list[str]:
    """Whether most of the weight (..., Tq, Tk) lies where a head rests."""
    special = torch.tensor(keys.special, device=attention.device)
    share = float(attention[..., special].sum(-1).mean())
    if share <= REST:
        return []
    names = dict.fromkeys(token for token, mark in zip(keys.tokens, keys.special, strict=True) if mark)
    return [
        f"{share:.0%} of this weight lies on {' and '.join(names)}: a head that finds little to look for rests there "
        "(Clark et al. 2019, section 3.2); it says little about the words"
    ]
