"""Draw the networks that ship, layer by layer, from the Keras models themselves.

python docs/pictures/draw_network.py    # network.svg and rhythm.svg; needs ecgscribe[train]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecgscribe.model.features import FEATURE_NAMES, LOGIT_FEATURE_NAMES
from ecgscribe.model.network import Architecture, build_beat_head, build_trunk
from ecgscribe.model.rhythm_network import (
    build_rhythm_head,
    build_rhythm_intervals,
    build_rhythm_lead,
)
from ecgscribe.model.second_features import N_BEAT_FEATURES
from ecgscribe.signal.windows import FS
from ecgscribe.training.config import TrainingConfig, complete

if TYPE_CHECKING:
    import keras

WIDTH, ROW, BOX_HEIGHT, BOX_WIDTH = 760, 62, 42, 172
GAP = ROW - BOX_HEIGHT
SECONDS = 8

Point = tuple[float, float]
COLOURS = {
    "in": "#e8e8e8", "Conv1D": "#cfe3f5", "Bidirectional": "#fde3c0", "Dense": "#d5efe3",
    "other": "#f6f6f6", "out": "#f3d0d9",
}  # fmt: skip


@dataclass(frozen=True)
class Box:
    """A layer that has weights or joins others, an input or an output."""

    name: str
    lines: tuple[str, str]
    colour: str
    sources: tuple[str, ...]


def _history(value: Any) -> Iterator[str]:
    """Find the layers that a layer's configuration takes its inputs from."""
    if isinstance(value, dict):
        if "keras_history" in value:
            yield value["keras_history"][0]
        else:
            for item in value.values():
                yield from _history(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _history(item)


def _words(layer: Any) -> str | None:
    """Say what a layer is; None for those that only pass on, such as activations."""
    match type(layer).__name__:
        case "Conv1D":
            stride = f", every {layer.strides[0]}" if layer.strides[0] > 1 else ""
            return f"convolution, {layer.filters} x {layer.kernel_size[0]}{stride}"
        case "Bidirectional":
            return f"LSTM, both ways, {layer.forward_layer.units} + {layer.backward_layer.units}"
        case "Dense":
            return f"dense, {layer.units}"
        case "Concatenate":
            return "joined"
        case "Average":
            return "mean of the experts"
        case "AveragePooling1D":
            return "mean of each second"
        case "InputLayer":
            return ""
    return None


def boxes(model: keras.Model, *, inputs: dict[str, str], outputs: dict[str, str]) -> list[Box]:
    """Give a model's boxes in order; what only passes on is left out, its edges are drawn through.

    Parameters
    ----------
    model : keras.Model
    inputs, outputs : dict of str
        What to call the inputs and the layers that answer.
    """
    found: list[Box] = []
    through: dict[str, tuple[str, ...]] = {}
    layers = {layer.name: layer for layer in model.layers}  # what is no layer is an operation
    for entry in model.get_config()["layers"]:
        name = entry["name"]
        layer = layers.get(name)
        sources = tuple(s for before in _history(entry["inbound_nodes"]) for s in through[before])
        sources = tuple(dict.fromkeys(sources))
        words = None if layer is None else _words(layer)
        if layer is None or (words is None and name not in outputs):
            through[name] = sources
            continue
        if name in inputs:
            lines, colour = (inputs[name], _shape(layer.output.shape)), "in"
        elif name in outputs:
            lines, colour = (outputs[name], _shape(layer.output.shape)), "out"
        else:
            kind = type(layer).__name__
            weights = f", {layer.count_params():,} weights" if layer.count_params() else ""
            lines = (words or "", f"{_shape(layer.output.shape)}{weights}")
            colour = kind if kind in COLOURS else "other"
        through[name] = (name,)
        found.append(Box(name, lines, colour, sources))
    return found


def _shape(shape: tuple[int | None, ...]) -> str:
    return f"{shape[-1]} values"


def with_rates(model: keras.Model, of_model: list[Box], *, rate: int) -> list[Box]:
    """Write the steps a second of each layer's output into its box, by running the model.

    Parameters
    ----------
    model : keras.Model
    of_model : list of Box
    rate : int
        Steps a second of its input.
    """
    import keras

    names = [box.name for box in of_model]
    all_layers = keras.Model(model.input, [model.get_layer(name).output for name in names])
    outputs = all_layers(np.zeros((1, SECONDS * rate, model.input.shape[-1]), dtype=np.float32))
    return [
        replace(box, lines=(box.lines[0], f"{out.shape[1] / SECONDS:g}/s x {box.lines[1]}"))
        for box, out in zip(of_model, outputs, strict=True)
    ]


def rows_of(found: list[Box]) -> list[list[Box]]:
    """Put each box a row below the lowest that it takes from."""
    depth: dict[str, int] = {}
    rows: list[list[Box]] = []
    for box in found:
        depth[box.name] = max((depth[s] + 1 for s in box.sources), default=0)
        while len(rows) <= depth[box.name]:
            rows.append([])
        rows[depth[box.name]].append(box)
    return rows


def _rows(rows: list[list[Box]], top: float) -> tuple[list[str], dict[str, Point]]:
    """Draw rows of boxes from `top` on; give also where each box is."""
    at: dict[str, Point] = {}
    for k, row in enumerate(rows):
        for j, box in enumerate(row):
            # More than two beside each other need all of the width.
            place = (j + 0.5) / len(row) if len(row) > 2 else (j + 1) / (len(row) + 1)
            at[box.name] = (WIDTH * place, top + k * ROW)
    parts = []
    for box in (box for row in rows for box in row):
        parts += [_edge(at[source], at[box.name], at.values()) for source in box.sources]
        parts.append(_box(*at[box.name], box.lines, COLOURS[box.colour]))
    return parts, at


def _edge(start: Point, end: Point, others: Iterable[Point] = ()) -> str:
    """Draw an arrow from the foot of one box to the head of another, past those between."""
    (x0, y0), (x1, y1) = (start[0], start[1] + BOX_HEIGHT), end
    between = [x for x, y in others if start[1] < y < y1]
    free = [
        x
        for x in range(6, WIDTH - 6)
        if all(abs(x - other) > BOX_WIDTH / 2 + 5 for other in between)
    ]
    lane = min(free, key=lambda x: abs(x - x0) + abs(x - x1)) if between else x1
    path = f"M{x0:g},{y0:g} C{x0:g},{y0 + 12:g} {lane:g},{y0 + 8:g} {lane:g},{y0 + GAP:g}"
    if between:
        path += f" V{y1 - GAP:g} C{lane:g},{y1 - 8:g} {x1:g},{y1 - 12:g} {x1:g},{y1:g}"
    return f'<path d="{path}" fill="none" stroke="#888" marker-end="url(#to)"/>'


def _box(x: float, y: float, lines: tuple[str, str], colour: str, width: float = BOX_WIDTH) -> str:
    first, second = map(escape, lines)
    return (
        f'<rect x="{x - width / 2:g}" y="{y:g}" width="{width:g}" height="{BOX_HEIGHT}" rx="6" '
        f'fill="{colour}" stroke="#777"/>'
        f'<text x="{x:g}" y="{y + 18:g}" font-weight="bold">{first}</text>'
        f'<text x="{x:g}" y="{y + 33:g}" font-size="10" fill="#444">{second}</text>'
    )


def _page(title: str, total: str, end: float, parts: Iterable[str]) -> str:
    """Lay the parts of a picture on a white page that is `end` high."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {end + 8:g}" '
        'font-family="sans-serif" font-size="11" text-anchor="middle">\n'
        f"<title>{title}</title>\n"
        '<defs><marker id="to" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#888"/></marker></defs>\n'
        f'<rect width="{WIDTH}" height="{end + 8:g}" rx="8" fill="white"/>\n'
        f'<text x="{WIDTH / 2:g}" y="20" font-size="12">{total}</text>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def network_svg() -> str:
    """Draw the trunk and the beat head of the model that ships."""
    architecture: Architecture = complete(TrainingConfig()).architecture
    trunk, head = build_trunk(architecture), build_beat_head(architecture)
    of_trunk = boxes(
        trunk,
        inputs={"signal": "signal, two leads"},
        outputs={"peak": "R-peak score", "frame_class": "class logits"},
    )
    of_head = boxes(
        head,
        inputs={"class_facts": "the trunk's logits", "facts": "rhythm, shape, noise"},
        outputs={"probability": "N S V F Q, or no beat"},
    )
    rows = rows_of(with_rates(trunk, of_trunk, rate=FS))
    parts, at = _rows(rows, 34)
    middle = (WIDTH / 2, 34 + ROW * len(rows))
    between = (
        "at every R-peak, relative to the whole record (not learned)",
        f"{len(LOGIT_FEATURE_NAMES)} features of the logits, "
        f"{len(FEATURE_NAMES)} of rhythm, shape and noise",
    )
    parts += [_edge(at[name], middle, at.values()) for name in ("peak", "frame_class")]
    parts.append(_box(*middle, between, COLOURS["other"], width=380))
    rows = rows_of(of_head)
    more, at = _rows(rows, middle[1] + ROW)
    more += [_edge(middle, at[name]) for name in ("class_facts", "facts")]
    end = middle[1] + ROW * (1 + len(rows))
    total = f"trunk: {trunk.count_params():,} weights; beat head: {head.count_params():,}"
    return _page("The network of ecgscribe, layer by layer", total, end, [*parts, *more])


def rhythm_svg() -> str:
    """Draw the rhythm networks."""
    lead, head = build_rhythm_lead(), build_rhythm_head()
    intervals = build_rhythm_intervals()
    of_lead = boxes(
        lead, inputs={"signal": "signal, one lead"}, outputs={"embedding": "embedding of a second"}
    )
    of_head = boxes(
        head, inputs={"seconds": "all of a second"}, outputs={"rhythm": "logits of the rhythms"}
    )
    rows = rows_of(with_rates(lead, of_lead, rate=FS))
    parts, at = _rows(rows, 34)
    middle = (WIDTH / 2, 34 + ROW * len(rows))
    between = (
        "mean over the leads, and what is not learned:",
        f"amplitude, leads, {N_BEAT_FEATURES} features of the R-peak candidates",
    )
    parts += [_edge(at["embedding"], middle), _box(*middle, between, COLOURS["other"], width=380)]
    rows = rows_of(with_rates(head, of_head, rate=1))
    more, at = _rows(rows, middle[1] + ROW)
    more.append(_edge(middle, at["seconds"]))
    below = middle[1] + ROW * (2 + len(rows))
    of_intervals = boxes(
        intervals,
        inputs={"intervals": "intervals between R-peaks"},
        outputs={"fibrillation": "logit of fibrillation"},
    )
    rows = rows_of(of_intervals)
    last, _ = _rows(rows, below)
    end = below + ROW * (len(rows) - 1)
    counts = (part.count_params() for part in (lead, head, intervals))
    total = "over a lead: {:,} weights; seconds: {:,}; intervals: {:,}".format(*counts)
    title = "The rhythm networks of ecgscribe, layer by layer"
    return _page(title, total, end, [*parts, *more, *last])


PICTURES = {"network.svg": network_svg, "rhythm.svg": rhythm_svg}

if __name__ == "__main__":
    for name, draw in PICTURES.items():
        Path(__file__).with_name(name).write_text(draw(), encoding="utf-8")
