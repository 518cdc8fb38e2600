"""What a report shows, as a reader sees it, and recordings to report on."""

from __future__ import annotations

import dataclasses
import re
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import numpy as np

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.record import Annotation, Record


class ShownPage(HTMLParser):
    """The text of a page, its headings, pictures, links and whether its tags close."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.headings: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.sources: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.tags: set[str] = set()
        self.scopes = 0
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        self.sources += [value or "" for key, value in attrs if key == "src"]
        self.links += [value or "" for key, value in attrs if key == "href"]
        self.ids.add(given.get("id") or "")
        self.scopes += tag == "th" and given.get("scope") in ("col", "row")
        if tag == "img":
            self.pictures.append(given)
            self.text.append(given["alt"] or "")
        elif tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)
            if self.open[-1] == "h2":
                self.headings.append(data)


def numbers_in(text: str) -> set[str]:
    """Numbers of a text, without the separators of thousands; of -5 and +5 the 5."""
    return {n.replace(",", "") for n in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text)}


def numbers_of(content: Any) -> set[str]:
    """Every number of a JSON value, as it may be written, and the numbers in its texts."""
    if isinstance(content, dict):
        return set().union(*map(numbers_of, content.values()))
    if isinstance(content, list):
        return set().union(*map(numbers_of, content))
    if isinstance(content, bool) or content is None:
        return set()
    if isinstance(content, int | float):
        written = f"{abs(content)}"
        digits = {f"{abs(content):.1f}", f"{abs(content):.2f}"}
        # Not rounded: written with fewer digits, it is another number.
        same = {text for text in digits if float(text) == abs(content)}
        return {written, written.removesuffix(".0"), *same}
    return numbers_in(str(content))


def only_in_page(html: str, content: dict[str, Any]) -> set[str]:
    """Numbers that a page shows and its JSON does not contain."""
    text = " ".join(ShownPage(html).text)
    for words in ("SHA-256", "pNN50", "printed at 100%"):  # names and a rule, not results
        text = text.replace(words, "")
    return numbers_in(text) - numbers_of(content)


def with_probabilities(annotation: Annotation) -> Annotation:
    index = annotation.class_index
    probability = np.full((len(index), 5), np.nan, dtype=np.float32)
    probability[index >= 0] = 0.02
    probability[index >= 0, index[index >= 0]] = 0.92
    return dataclasses.replace(
        annotation,
        probability=probability,
        score=np.ones(len(index), dtype=np.float32),
        quality=np.where(index >= 0, 0.9, np.nan).astype(np.float32),
    )


def recording_with_ectopy(
    duration: float = 400.0, *, name: str = "made", start: datetime | None = None, **settings: Any
) -> tuple[Record, Annotation]:
    """A recording with ectopy and the probabilities of its beats."""
    record, reference = synthesize(duration=duration, seed=3, name=name, noise=0.2, **settings)
    record = dataclasses.replace(record, start=start, comments=("Jane Doe 1931",))
    return record, with_probabilities(reference)


def with_noise(annotation: Annotation, begin: int, end: int) -> Annotation:
    """Annotate a span as noise, and its beats as in noise."""
    inside = (annotation.sample >= begin) & (annotation.sample < end)
    assert annotation.quality is not None
    quality = np.where(inside, 0.1, annotation.quality).astype(np.float32)
    annotation = dataclasses.replace(annotation, quality=quality)
    at = np.searchsorted(annotation.sample, [begin, end])
    assert annotation.probability is not None
    assert annotation.score is not None
    return Annotation(
        np.insert(annotation.sample, at, [begin, end]),
        np.insert(annotation.symbol, at, "~"),
        annotation.fs,
        subtype=np.insert(annotation.subtype, at, [3, 0]),
        probability=np.insert(annotation.probability, at, np.nan, axis=0),
        score=np.insert(annotation.score, at, np.nan),
        quality=np.insert(quality, at, np.nan),
        name=annotation.name,
    )
