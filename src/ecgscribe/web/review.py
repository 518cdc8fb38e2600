"""One recording that is open in the viewer: its annotation, made once, and its edits."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgscribe._version import __version__
from ecgscribe.adaptation.adapt import Patient
from ecgscribe.analysis.measures import Measures, measure
from ecgscribe.analysis.paced import as_paced
from ecgscribe.errors import EcgScribeError, FormatError
from ecgscribe.formats.reading import open_record, recording_files
from ecgscribe.metrics.rhythm_spans import named_rhythms
from ecgscribe.model.runtime import Model
from ecgscribe.pipeline.annotate import annotate
from ecgscribe.record import Annotation, LazyRecord
from ecgscribe.signal.conditioning import choose_leads
from ecgscribe.web.changes import Reviewed, apply_edits
from ecgscribe.web.edits import EditFile, edit_path
from ecgscribe.web.elsewhere import ReviewsElsewhere, stored_annotation
from ecgscribe.web.envelopes import Envelopes, build_envelopes
from ecgscribe.web.templates import BeatShapes

__all__ = ["Opened", "Review", "State"]


_COLUMNS = ("sample", "symbol", "subtype", "aux_note", "probability", "score", "quality")


@dataclass(frozen=True)
class State:
    """How far a recording is.

    Parameters
    ----------
    is_ready : bool
    stage : str
        What is being done.
    part : float
        How much of that is done, 0 to 1.
    problem : str or None
        Why it cannot be shown.
    """

    is_ready: bool = False
    stage: str = "waiting"
    part: float = 0.0
    problem: str | None = None


@dataclass(frozen=True, eq=False)
class Review:
    """What one reviewer has made of a recording.

    Parameters
    ----------
    reviewed : Reviewed
    measures : Measures
    edits, undone : int
        Number of edits that made it, and of those that can be redone.
    """

    reviewed: Reviewed
    measures: Measures
    edits: int
    undone: int


class Opened:
    """A recording that is annotated in another thread, then shown and edited.

    Parameters
    ----------
    path : Path
    model : Model
    workers : ThreadPoolExecutor
        Where it is annotated.
    """

    def __init__(self, path: Path, model: Model, workers: ThreadPoolExecutor) -> None:
        self.record: LazyRecord = open_record(path)
        self.edits = EditFile(edit_path(path))
        self.state = State()
        states = [file.stat() for file in recording_files(path)]
        # What is kept of a recording that was replaced in the meantime is made anew.
        self._stamp = " ".join(f"{state.st_size} {state.st_mtime_ns}" for state in states)
        self._elsewhere = ReviewsElsewhere(path, self.record, [each.st_size for each in states])
        self._model = model
        self._lock = threading.RLock()
        self._placing = threading.Lock()
        self._reviews: dict[str, Review] = {}
        self._base: Annotation | None = None
        self._envelopes: Envelopes | None = None
        self._shapes: BeatShapes | None = None
        self.columns: tuple[int, ...] = ()
        workers.submit(self._prepare)

    @property
    def base(self) -> Annotation:
        """The annotation of the model."""
        if self._base is None:
            raise FormatError(f"{self.record.name}: expected a recording that is annotated; wait")
        return self._base

    @property
    def envelopes(self) -> Envelopes:
        """The signal in tiles."""
        if self._envelopes is None:
            raise FormatError(f"{self.record.name}: expected a recording that is annotated; wait")
        return self._envelopes

    @property
    def shapes(self) -> BeatShapes:
        """The shapes of its beats."""
        if self._shapes is None:
            raise FormatError(f"{self.record.name}: expected a recording that is annotated; wait")
        return self._shapes

    def patient(self) -> Patient:
        """Return the recording ready to be adapted; its beats are read once, and stored."""
        with self._placing:
            name = f"places {__version__} of {self._name}"
            stored = self.edits.arrays(name)
            if stored is not None:
                return Patient(self.base, stored["place"])
            patient = Patient.of(self.record, self.base, leads=self.columns)
            self._keep(name, {"place": patient.place})
            return patient

    def review(self, reviewer: str) -> Review:
        """Return what a reviewer has made of the recording; measured anew after each edit."""
        with self._lock:
            if reviewer not in self.edits.reviewers():
                reviewer = ""  # as the model made it; not kept once more for every name
            if reviewer not in self._reviews:
                edits = self.edits.edits(reviewer)
                reviewed = apply_edits(self.base, edits, self.record.n_samples)
                annotation = reviewed.annotation
                rhythms = named_rhythms(annotation, self.record.n_samples)
                measures = measure(self.record, annotation, self.columns, rhythms=rhythms)
                undone = self.edits.undone(reviewer)
                self._reviews[reviewer] = Review(reviewed, measures, len(edits), undone)
            return self._reviews[reviewer]

    def reviewers(self) -> tuple[list[str], list[str]]:
        """List who can be compared, and what is wrong with files of edits from elsewhere."""
        elsewhere, problems = self._elsewhere.reviewers()
        return [*(name for name in self.edits.reviewers() if name), *elsewhere], problems

    def compared(self, name: str) -> Annotation:
        """Return the annotation of one of the `reviewers`; the model's for an empty name.

        Raises
        ------
        FormatError
            If there is no such reviewer.
        """
        elsewhere = self._elsewhere.annotation(name)
        if elsewhere is not None:
            return elsewhere
        if name and name not in self.edits.reviewers():
            raise FormatError(
                f"{self.record.name}: expected one of its reviewers, found {name}; reload the page"
            )
        return self.review(name).reviewed.annotation

    def change(self, reviewer: str, act: Callable[[EditFile], object]) -> None:
        """Change the edits of a reviewer."""
        with self._lock:
            act(self.edits)
            self._reviews.pop(reviewer, None)

    def _prepare(self) -> None:
        try:
            self.columns = choose_leads(self.record)
            self._base = self._annotation()
            self._envelopes = Envelopes(self.record, self._stored_envelopes())
            self._shapes = self._beat_shapes()
            self.review("")
            self.state = State(is_ready=True, stage="ready", part=1.0)
        except (EcgScribeError, OSError) as error:
            self.state = State(problem=str(error))
        except Exception as error:  # whatever it is, the page must not wait for ever
            self.state = State(problem=f"could not be annotated ({type(error).__name__})")
            raise

    def _progress(self, stage: str) -> Callable[[int, int], None]:
        def show(done: int, total: int) -> None:
            self.state = State(stage=stage, part=done / max(total, 1))

        return show

    @property
    def _name(self) -> str:
        """What the annotation is stored as."""
        return f"annotation {self._model.hash} {self._stamp}"

    def _beat_shapes(self) -> BeatShapes:
        beats = self.base.sample[self.base.class_index >= 0]
        shapes = BeatShapes(self.record, self.edits, self._name, beats)
        self._progress("comparing the beats")(0, 1)
        shapes.of_beats(beats, self.columns[0])
        return shapes

    def _annotation(self) -> Annotation:
        record, name = self.record, self._name
        stored = self.edits.arrays(name)
        if stored is not None:
            return stored_annotation(stored, record)
        made = annotate(
            record, model=self._model, leads=self.columns, progress=self._progress("annotating")
        )
        if record.paced:
            made = as_paced(made)
        self._keep(name, {k: v for k in _COLUMNS if (v := getattr(made, k)) is not None})
        return dataclasses.replace(made, n_samples=record.n_samples)

    def _stored_envelopes(self) -> NDArray[np.float32]:
        stored = self.edits.arrays(f"envelopes {self._stamp}")
        if stored is not None:
            return np.asarray(stored["low_high"], np.float32)
        made = build_envelopes(self.record, progress=self._progress("reading the signal"))
        self._keep(f"envelopes {self._stamp}", {"low_high": made})
        return made

    def _keep(self, name: str, arrays: dict[str, NDArray[Any]]) -> None:
        try:
            self.edits.store_arrays(name, arrays)
        except FormatError:  # a folder that is read only can be looked at; an edit says why not
            return
