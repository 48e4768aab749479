"""Six measures of a text, each with its meaning, its source, a check of its arithmetic and its faithfulness."""

from collections.abc import Sequence

import torch
from torch import Tensor

from services.attention.features import Batch, Tokens
from services.attention.measures.attributions import (
    Subject,
    attention_of,
    difference_alone,
    ends,
    falls_without_heads,
    gate_derivative,
    norms_of,
    path_gradients,
    path_steps,
    rolled_out,
    score_of,
    scores_without_heads,
    scores_without_tokens,
    sentence_vector,
    times_gradient,
)
from services.attention.measures.faithfulness import Evaluate, faithfulness
from services.attention.model import Encoder
from services.attention.schemas.measures import Check, Measure, Measures

DECIMALS = 6  # on the wire: some gradients are of the order of 1e-4
POOLED = "e is the mean of the last layer's output over all tokens"
TO_ITSELF = "e(x) . e(text) / |e(text)|^2, the share of its own vector that is left, 1 for the text itself"
TO_TARGET = "cos(e(x), e(target)), the cosine similarity with the target"


@torch.no_grad()
def measure(
    encoder: Encoder,
    one: Batch,
    tokens: Tokens,
    baseline: Tensor,
    target: Tensor | None = None,
    *,
    model: str,
    maps: bool = False,
    seed: int = 0,
    warnings: Sequence[str] = (),
) -> Measures:
    """`one` is the batch of these tokens alone; `baseline` and `target` are (D,). Not for inference mode."""
    content = ~torch.tensor(tokens.special, device=one.ids.device)  # (T,)
    score = score_of(sentence_vector(encoder, one), target)
    subject = Subject(encoder, one, content, baseline, score)
    whole, nothing = ends(subject)
    found = [*of_tokens(subject, whole - nothing, seed), of_heads(subject, seed)]
    return Measures(
        model=model,
        tokens=tokens.tokens,
        offsets=tokens.offsets,
        word_ids=tokens.words,
        segments=tokens.segments,
        special=tokens.special,
        score=round(whole, DECIMALS),
        score_definition=f"s(x) = {TO_ITSELF if target is None else TO_TARGET}; {POOLED}",
        baseline="the vector of the mask token" if baseline.any() else "zeros, for the model has no mask token",
        baseline_score=round(nothing, DECIMALS),
        measures=found if maps else [one.model_copy(update={"maps": None}) for one in found],
        faithful=[one.name for one in found if one.faithfulness and one.faithfulness.faithful],
        warnings=[*warnings, *doubts(found, int(content.sum()), whole, nothing)],
    )


def of_tokens(subject: Subject, fall: float, seed: int) -> list[Measure]:
    """The five measures that give each token a number; their curves delete the text's own tokens."""
    attention = attention_of(subject)  # (L, H, T, T)
    five = [raw(attention), rollout(attention), norm(subject), gradient(subject), integrated(subject, fall)]
    importances = torch.stack([torch.from_numpy(one.importance) for one in five])[:, subject.content.cpu()]  # (5, P)
    return with_curves(five, importances, lambda deleted: scores_without_tokens(subject, deleted), seed)


def of_heads(subject: Subject, seed: int) -> Measure:
    """Ablation; its curves delete heads."""
    found = ablation(subject)
    falls = torch.from_numpy(found.importance).flatten()[None]  # (1, L x H)
    return with_curves([found], falls, lambda deleted: scores_without_heads(subject, deleted), seed)[0]


def with_curves(found: list[Measure], importances: Tensor, evaluate: Evaluate, seed: int) -> list[Measure]:
    curves = faithfulness(importances, evaluate, seed)
    if curves is None:
        return found
    return [one.model_copy(update={"faithfulness": curve}) for one, curve in zip(found, curves, strict=True)]


def doubts(found: Sequence[Measure], count: int, whole: float, nothing: float) -> list[str]:
    """What makes these measures say less than they seem to."""
    reasons = []
    if count == 1:
        reasons.append("The text has one token of its own: there is one order of it, and none is better than random.")
    if found[0].faithfulness is None:
        reasons.append(
            f"No curves of tokens: the score is {whole:.4f} for the text and {nothing:.4f} with its tokens replaced, "
            "no fall to explain. Choose a target that is nearer to the text, or none."
        )
    if found[-1].faithfulness is None:
        reasons.append(f"No curve of heads: the score of {whole:.4f} does not fall when all heads are switched off.")
    return reasons + [missed(one) for one in found if one.check.value > one.check.goal]


def missed(one: Measure) -> str:
    return (
        f"{one.name} misses its own check here, {one.check.name}: {one.check.value:.2g}, where {one.check.goal:.2g} is "
        "the goal; its numbers are less exact than they look."
    )


def row_error(rows: Tensor) -> float:
    """The largest difference of a row's sum from 1."""
    return float((rows.sum(-1) - 1).abs().max())


def raw(attention: Tensor) -> Measure:
    """Of attention (L, H, T, T)."""
    maps = attention.mean(1)  # (L, T, T)
    return Measure(
        name="raw",
        meaning="How much attention a token receives, as it is: the mean over layers, heads and queries.",
        source="Vaswani et al. 2017, Attention Is All You Need, section 3.2.1, equation 1",
        of="tokens",
        importance=maps.mean((0, 1)).numpy(force=True),
        maps=maps.numpy(force=True),
        check=Check(name="largest |row sum - 1| of the attention", value=row_error(attention), goal=1e-5),
        faithfulness=None,
    )


def rollout(attention: Tensor) -> Measure:
    """Of attention (L, H, T, T)."""
    maps = rolled_out(attention)  # (L, T, T)
    return Measure(
        name="rollout",
        meaning="How much of the output comes from a token's input when attention and residual paths, half each, are "
        "multiplied through all layers: the mean of the rows of A_L ... A_1, as the sentence vector is a mean.",
        source="Abnar & Zuidema 2020, Quantifying Attention Flow in Transformers, section 3, equation 1",
        of="tokens",
        importance=maps[-1].mean(0).numpy(force=True),
        maps=maps.numpy(force=True),
        check=Check(name="largest |row sum - 1| of the products", value=row_error(maps), goal=1e-5),
        faithfulness=None,
    )


def norm(subject: Subject) -> Measure:
    found, worst = norms_of(subject.encoder, subject.x())
    maps = found.mean(1)  # (L, T, T)
    return Measure(
        name="norm",
        meaning="How long the vector is that a token really sends, weight times transformed value ||a f(x)||: much "
        "attention to a short vector is little. The mean over layers, heads and queries.",
        source="Kobayashi et al. 2020, Attention is Not Only a Weight: Analyzing Transformers with Vector Norms, "
        "section 3",
        of="tokens",
        importance=maps.mean((0, 1)).numpy(force=True),
        maps=maps.numpy(force=True),
        check=Check(name="largest |sum over heads and keys of a f(x) + b_O - output|", value=worst, goal=1e-5),
        faithfulness=None,
    )


def gradient(subject: Subject) -> Measure:
    maps = times_gradient(subject).sum(1)  # (L, T, T)
    return Measure(
        name="gradient_x_attention",
        meaning="How much the score would change, to first order, with the attention that a token receives: a * ds/da, "
        "summed over layers, heads and queries; negative where the attention lowers the score.",
        source="Barkan et al. 2021, Grad-SAM: Explaining Transformers via Gradient Self-Attention Maps, here with the "
        "sign kept; the sum over a head is Michel et al. 2019, Are Sixteen Heads Really Better than One?, equation 2",
        of="tokens",
        importance=maps.sum((0, 1)).numpy(force=True),
        maps=maps.numpy(force=True),
        check=Check(
            name="|total - derivative of the score along the gates of all heads, by finite differences|",
            value=abs(float(maps.sum()) - gate_derivative(subject)),
            goal=1e-4,
        ),
        faithfulness=None,
    )


def integrated(subject: Subject, fall: float) -> Measure:
    """`fall` is that of the score, from the text to the baseline."""
    steps = path_steps(subject.encoder)
    importance = path_gradients(subject, steps)  # (T,)
    return Measure(
        name="integrated_gradients",
        meaning="How much of the score is due to a token when all tokens come in together, from the baseline to the "
        "text: the shares add up to the difference of the two scores.",
        source="Sundararajan et al. 2017, Axiomatic Attribution for Deep Networks, section 3, equation 1",
        of="tokens",
        importance=importance.numpy(force=True),
        maps=None,
        check=Check(
            name=f"|sum - (score - baseline_score)|, the completeness error of {steps} steps",
            value=abs(float(importance.sum()) - fall),
            goal=1e-2,
        ),
        faithfulness=None,
    )


def ablation(subject: Subject) -> Measure:
    falls, off = falls_without_heads(subject)
    return Measure(
        name="ablation",
        meaning="How much the score falls when a head is switched off and everything after it is computed anew: "
        "importance[layer][head], negative where the head lowers the score.",
        source="Michel et al. 2019, Are Sixteen Heads Really Better than One?, section 3",
        of="heads",
        importance=falls.numpy(force=True),
        maps=None,
        check=Check(
            name="largest difference of the batched pass: its plain row from a plain pass, its strongest head alone",
            value=max(off, difference_alone(subject, falls)),
            goal=1e-5,
        ),
        faithfulness=None,
    )
