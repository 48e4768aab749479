"""Which heads link two words, or have the clearest label."""

from collections.abc import Sequence

from torch import Tensor

from services.attention.features import Tokens, Word
from services.attention.heads import columns, describe, share
from services.attention.lookup import find
from services.attention.models import Look
from services.attention.schemas.heads import Head, Heads, HeadsRequest, Place


def links(attention: Tensor, queries: Sequence[int], keys: Sequence[int]) -> Tensor:
    """(L, H) how strongly each head of `attention` (L, H, Tq, Tk) links two words: the weight on all of `keys`, mean
    over `queries`."""
    return share(attention[..., queries, :][..., keys].sum(-1))


def ranked(asked: HeadsRequest, model: str, look: Look, warnings: Sequence[str] = ()) -> Heads:
    """The heads of a pass: by their link of two words, or by how clear their label is; `warnings` are of its texts."""
    queries, keys, attention = look.queries, look.keys, look.attention
    heads = describe(attention, keys.special, within=queries is keys)
    looking, looked_at = ends(asked, queries, keys)
    members = members_of(looking), members_of(looked_at)
    if looking:
        strengths = columns({"link": links(attention, *members)})["link"]  # (L, H)
        heads = [one.model_copy(update={"link": float(strengths[one.layer, one.head])}) for one in heads]
    heads.sort(key=clarity, reverse=True)
    return Heads(
        model=model,
        tokens=queries.tokens,
        key_tokens=keys.tokens,
        looking=[place_of(word) for word in looking],
        looked_at=[place_of(word) for word in looked_at],
        uniform=len(members[1]) / len(keys) if looking else None,
        items=heads[asked.window],
        total=len(heads),
        limit=asked.limit,
        offset=asked.offset,
        warnings=[*warnings, *doubts(heads)],
    )


def clarity(one: Head) -> tuple[float, float]:
    """A mixed head's share is what it fell short with: without a link it comes after all that have a label."""
    return one.link if one.link is not None else one.label != "mixed", one.confidence


def ends(asked: HeadsRequest, queries: Tokens, keys: Tokens) -> tuple[list[Word], list[Word]]:
    if asked.from_ is None or asked.to is None:
        return [], []
    return find(queries, asked.from_), find(keys, asked.to)


def members_of(words: list[Word]) -> list[int]:
    return sorted({member for word in words for member in word.members})


def place_of(word: Word) -> Place:
    return Place(word=word.text, segment=word.segment, tokens=word.members)


def doubts(heads: list[Head]) -> list[str]:
    if all(one.link == 0 for one in heads):
        return ["no head links them: in a decoder no token looks at a later one; try the other direction"]
    return []
