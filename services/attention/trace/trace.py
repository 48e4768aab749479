"""One layer of one pass, step by step, beside the newsletter's figures in their order."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import orjson

from services.attention.features import Batch, Tokens
from services.attention.lookup import find
from services.attention.model import Encoder
from services.attention.schemas.trace import Trace, TraceStep
from services.attention.selection import chosen
from services.attention.trace.corrections import corrections
from services.attention.trace.lesson import Lesson, lessons
from services.attention.trace.recompute import Array, Equation, difference, equations, inputs_of
from services.attention.trace.steps import arrays_of
from shared.arrays import npz_bytes
from shared.problems import Unprocessable

# Numbers in one step of an answer, about 600 kB of JSON; a larger step must be named. In .npz a number costs less.
MOST, MOST_IN_NPZ = 50_000, 1_000_000
MOST_NAMED = 5_000_000  # numbers in all steps that are named


def trace(
    encoder: Encoder,
    one: Batch,
    tokens: Tokens,
    *,
    model: str,
    layer: int = 0,
    head: int | None = None,
    query: int | str | None = None,
    fields: Sequence[str] | None = None,
    most: int = MOST,
    warnings: Sequence[str] = (),
) -> Trace:
    """Every step of `layer`, or the `fields` alone; steps of more than `most` numbers are left out unless named.

    `one` is the batch of these tokens alone.
    """
    config = encoder.config
    chosen([layer], config.layers, "layer", model)
    chosen([head or 0], config.heads, "head", model)
    place = row_to_work_out(tokens, query)
    words = chosen_lessons(lessons(config.paper), fields, model)
    arrays = arrays_of(encoder, one, layer, place)
    arrays = arrays if head is None else of_one_head(arrays, head, lessons(config.paper))
    check_size(words, arrays, fields)
    steps = [*steps_of(words, arrays, equations(config.paper, layer), place, head, None if fields else most)]
    return Trace(
        model=model,
        tokens=tokens.tokens,
        offsets=tokens.offsets,
        word_ids=tokens.words,
        segments=tokens.segments,
        special=tokens.special,
        layer=layer,
        head=head,
        query=place,
        query_token=tokens.tokens[place],
        d_model=config.width,
        d_k=config.head_width,
        positions="sinusoidal" if config.paper else "learned",
        recompute=max((step.recompute for step in steps if step.recompute is not None), default=None),
        steps=steps,
        corrections=corrections(arrays, tokens, config, place),
        warnings=list(warnings),
    )


def check_size(words: Sequence[Lesson], arrays: Mapping[str, Array], fields: Sequence[str] | None) -> None:
    size = sum(arrays[one.name].size for one in words) if fields else 0
    if size > MOST_NAMED:
        raise Unprocessable(
            f"these steps have {size:,} numbers; one answer has at most {MOST_NAMED:,}: name fewer fields, or one head"
        )


def row_to_work_out(tokens: Tokens, query: int | str | None) -> int:
    """The number of a token, given by its number or by its word; the first token of the text when not given."""
    if query is None:
        return tokens.special.index(False) if False in tokens.special else 0
    return find(tokens, query)[0].members[0]


def chosen_lessons(known: Sequence[Lesson], fields: Sequence[str] | None, model: str) -> list[Lesson]:
    names = [lesson.name for lesson in known]
    if unknown := [field for field in fields or () if field not in names]:
        raise Unprocessable(f"no step {unknown[0][:40]!r}: the steps of {model} are {', '.join(names)}")
    return [lesson for lesson in known if fields is None or lesson.name in fields]


def of_one_head(arrays: Mapping[str, Array], head: int, known: Sequence[Lesson]) -> dict[str, Array]:
    """The same without the axis of the heads. What comes after they are joined stays whole."""
    headed = {lesson.name for lesson in known if "head" in lesson.axes}
    return {name: array[head] if name in headed else array for name, array in arrays.items()}


def steps_of(
    words: Sequence[Lesson],
    arrays: Mapping[str, Array],
    known: Mapping[str, Equation],
    query: int,
    head: int | None,
    most: int | None,
) -> Iterator[TraceStep]:
    worked = worked_out(arrays, query)
    for one in words:
        array, equation = arrays[one.name], known.get(one.name)
        large = most is not None and array.size > most
        yield TraceStep(
            name=one.name,
            title=one.title,
            figure=one.figure,
            equation=one.equation,
            latex=one.latex,
            caption=one.caption,
            inputs=list(inputs_of(equation)) if equation else [],
            numbers=worked.get(one.name),
            shape=list(array.shape),
            axes=[axis for axis in one.axes if head is None or axis != "head"],
            values=None if large else on_the_wire(array),
            recompute=difference(one.name, equation, arrays, query, head) if equation else None,
            omitted=omitted(one.name, array.size, most) if large else None,
        )


def on_the_wire(array: Array) -> object:
    """In float32 where that loses nothing, as with weights: it prints shorter. Numbers lie in order, as JSON wants."""
    short = array.astype(np.float32)
    kept = short if array.dtype.kind == "f" and (short == array).all() else array
    return np.ascontiguousarray(kept) if array.ndim else kept[()]


def omitted(name: str, size: int, most: int | None) -> str:
    return f"{size:,} numbers, more than {most:,}: name {name} in fields to have them"


def worked_out(arrays: Mapping[str, Array], query: int) -> dict[str, str]:
    """One entry of some steps with its numbers: the query token and its strongest key, in the first head there is."""
    first = arrays if arrays["Q"].ndim == 2 else {name: array[0] for name, array in arrays.items() if array.ndim > 0}
    key, scale, (tokens, width) = int(arrays["strongest_key"].flat[0]), float(arrays["scale"]), first["Q"].shape
    score, scaled = first["scores"][query, key], first["scaled"][query, key]
    total = np.exp(first["scaled"][query].astype(np.float64) - scaled).sum()
    shared = f"1 / {total:.4g} = {1 / total:.4g}"
    return {
        "product": f"Q[{query}, 0] = {added([*first['product_parts'], first['b_Q'][0]])} = {first['Q'][query, 0]:.4g}",
        "scores": f"S[{query}, {key}] = {added(first['elementwise'])} = {score:.4g}",
        "scale": f"√{width} = {scale:.7f}",
        "scaled": f"Z[{query}, {key}] = {score:.4g} / {scale:.7f} = {scaled:.4g}",
        "formula": f"softmax(1 × {width} · {width} × {tokens} / {scale:.7f}) · {tokens} × {width} = 1 × {width}",
        "attention": f"A[{query}, {key}] = 1 / Σ_k exp(Z[{query}, k] − {scaled:.4g}) = {shared}",
    }


def added(numbers: Sequence[float] | Array, most: int = 8) -> str:
    first, *others = numbers[:most]
    shown = f"{first:.4g}" + "".join(f" {'−' if number < 0 else '+'} {abs(number):.4g}" for number in others)
    return shown if len(numbers) <= most else f"{shown} + … ({len(numbers)} terms)"


def as_json(trace: Trace) -> bytes:
    """The numbers in their shortest form, none of their digits lost."""
    return orjson.dumps(trace.model_dump(), option=orjson.OPT_SERIALIZE_NUMPY)


def as_npz(trace: Trace) -> bytes:
    """A member a step by its name, and `trace.json` with all the rest. The same bytes for the same trace.

    Steps left out are not in it; `trace.json` says which.
    """
    there = {step.name: np.asarray(step.values) for step in trace.steps if step.values is not None}
    described = trace.model_dump(exclude={"steps": {"__all__": {"values"}}})
    return npz_bytes(there, {"trace.json": orjson.dumps(described)})
