"""The server of the viewer: which request is answered by what."""

from __future__ import annotations

import json
import re
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ecgscribe.errors import EcgScribeError
from ecgscribe.formats.writing import write
from ecgscribe.model.runtime import Model
from ecgscribe.record import Annotation
from ecgscribe.review_notes import review_notes
from ecgscribe.scratch import scratch_folder
from ecgscribe.web import answers
from ecgscribe.web.adapting import ADAPT
from ecgscribe.web.changes import check_edit, with_notes
from ecgscribe.web.comparing import adjudicated, compare_reviewers, listed
from ecgscribe.web.edits import ADJUDICATE
from ecgscribe.web.events import events
from ecgscribe.web.findings import findings
from ecgscribe.web.patients import Patients
from ecgscribe.web.recordings import Library
from ecgscribe.web.review import Opened, Review
from ecgscribe.web.security import Guard, Place
from ecgscribe.web.snapping import snap
from ecgscribe.web.templates import templates

__all__ = ["Viewer", "make_app"]


_STATIC = Path(__file__).with_name("static")
_MOST_NAME = 80
_MOST_LABEL = 400  # a name and that of a file
_MOST_DIGITS = 12
_MARKS = ("seen", "strip")
_STRIP = re.compile(r"[0-9]{1,9}\.[0-9]{2} [0-9]{1,9}\.[0-9]{2}")
_EXPORTS = {"wfdb": ".reviewed", "csv": ".csv", "parquet": ".parquet"}


class Viewer:
    """Answers requests about the recordings of a library.

    Parameters
    ----------
    library : Library
    model : Model
        What annotates.
    """

    def __init__(self, library: Library, model: Model) -> None:
        self.library, self.model = library, model
        self._opened: dict[str, Opened] = {}
        self._lock = threading.Lock()
        self._workers = ThreadPoolExecutor(1, "annotate")
        self._patients = Patients()

    def recordings(self, _: Request) -> Response:
        """List the recordings."""
        listed = [{"key": each.key, "name": each.name} for each in self.library.scan()]
        return JSONResponse(listed)

    def status(self, request: Request) -> Response:
        """Say how far a recording is, and describe it."""
        opened = self._open(request)
        state = opened.state
        content: dict[str, Any] = {
            "ready": state.is_ready,
            "stage": state.stage,
            "part": state.part,
            "problem": state.problem,
        }
        return JSONResponse(content | answers.about(opened))

    def beats(self, request: Request) -> Response:
        """List the beats."""
        return JSONResponse(answers.beats(self._review(request)[1]))

    def summary(self, request: Request) -> Response:
        """Measure a recording."""
        opened, review = self._review(request)
        content = answers.summary(opened, review, _reviewer(request))
        return JSONResponse(content | {"findings": findings(opened, review)})

    def events(self, request: Request) -> Response:
        """List a page of the events."""
        opened, review = self._review(request)
        first = _count(request, "first")
        return JSONResponse(events(opened, review, _reviewer(request), first))

    def templates(self, request: Request) -> Response:
        """List the bins of the beats by class and shape."""
        opened, review = self._review(request)
        lead = _count(request, "lead") if "lead" in request.query_params else opened.columns[0]
        if lead >= len(opened.record.leads):
            raise HTTPException(400, "expected a lead of the recording, found another")
        return JSONResponse(templates(opened.shapes, review.reviewed, lead))

    def tile(self, request: Request) -> Response:
        """Send one tile of the signal, as float32 of little-endian byte order."""
        opened = self._ready(request)
        try:
            values = opened.envelopes.tile(
                request.path_params["level"], request.path_params["number"]
            )
        except (IndexError, OverflowError):
            raise HTTPException(404, "no such tile") from None
        kept = {"Cache-Control": "private, max-age=3600"}
        return Response(values.astype("<f4").tobytes(), 200, kept, "application/octet-stream")

    def snap(self, request: Request) -> Response:
        """Find the R-peak near a sample."""
        opened = self._ready(request)
        text = request.query_params.get("sample", "")
        if not text.isdecimal() or int(text) >= opened.record.n_samples:
            raise HTTPException(400, "expected a sample of the recording, found another")
        return JSONResponse({"sample": snap(opened.record, opened.columns, int(text))})

    def export(self, request: Request) -> Response:
        """Send the reviewed annotations as a file, with who reviewed them and the kept strips."""
        opened, review = self._review(request)
        suffix = _EXPORTS.get(request.path_params["form"])
        if suffix is None:
            raise HTTPException(404, "expected wfdb, csv or parquet")
        name = "".join(c if c.isalnum() or c in "-_" else "_" for c in opened.record.name)
        reviewed = with_notes(review.reviewed.annotation, _notes(opened, _reviewer(request)))
        with scratch_folder(Path(tempfile.gettempdir())) as folder:
            path = write(reviewed, folder / f"{name}{suffix}")
            data = path.read_bytes()
        headers = {"Content-Disposition": f'attachment; filename="{name}{suffix}"'}
        return Response(data, 200, headers, "application/octet-stream")

    def edit(self, opened: Opened, content: Mapping[str, Any]) -> None:
        """Store an edit."""
        kind, change = check_edit(content.get("kind"), content, opened.record.n_samples)
        reviewer = _name(content.get("reviewer"))
        opened.change(reviewer, lambda edits: edits.add(reviewer, kind, change))

    def undo(self, opened: Opened, content: Mapping[str, Any]) -> None:
        """Undo the last edit."""
        reviewer = _name(content.get("reviewer"))
        opened.change(reviewer, lambda edits: edits.undo(reviewer))

    def redo(self, opened: Opened, content: Mapping[str, Any]) -> None:
        """Redo what was undone last."""
        reviewer = _name(content.get("reviewer"))
        opened.change(reviewer, lambda edits: edits.redo(reviewer))

    def question(self, request: Request) -> Response:
        """Say which beat is most worth asking about."""
        return JSONResponse(self._patients.question(self._ready(request), _reviewer(request)))

    def adapt(self, opened: Opened, content: Mapping[str, Any]) -> None:
        """Adapt the classes to what the reviewer has labelled so far."""
        reviewer = _name(content.get("reviewer"))
        change = self._patients.adaptation(opened, reviewer)
        opened.change(reviewer, lambda edits: edits.add(reviewer, ADAPT, change))

    def unadapt(self, opened: Opened, content: Mapping[str, Any]) -> None:
        """Take adaptation back; the reviewer's own labels stay."""
        reviewer = _name(content.get("reviewer"))
        change = {"labels": 0, "samples": [], "classes": "", "percent": []}
        opened.change(reviewer, lambda edits: edits.add(reviewer, ADAPT, change))

    def compare(self, request: Request) -> Response:
        """Compare two reviewers, and list what the third one has to decide."""
        opened = self._ready(request)
        names = _two(request.query_params)
        one, other = map(opened.compared, names)
        decisions = opened.edits.edits(_reviewer(request))
        compared = compare_reviewers(one, other, opened.record.n_samples)
        return JSONResponse(listed(compared, names, decisions))

    def adjudicate(self, opened: Opened, content: Mapping[str, Any]) -> None:
        """Store what a reviewer decides where two others disagree."""
        reviewer, names = _name(content.get("reviewer")), _two(content)
        if reviewer in names:
            raise HTTPException(400, "expected someone other than the two to decide, found one")
        one, other = map(opened.compared, names)
        own = opened.review(reviewer).reviewed.annotation
        compared = compare_reviewers(one, other, opened.record.n_samples)
        change = adjudicated(compared, names, own, content)
        opened.change(reviewer, lambda edits: edits.add(reviewer, ADJUDICATE, change))

    def mark(self, opened: Opened, content: Mapping[str, Any]) -> None:
        """Set or remove a mark."""
        reviewer, key = _name(content.get("reviewer")), content.get("key")
        if content.get("kind") not in _MARKS or not isinstance(key, str) or len(key) > _MOST_NAME:
            raise HTTPException(400, "expected a mark, found another")
        if content["kind"] == "strip" and not _STRIP.fullmatch(key):
            raise HTTPException(400, "expected a begin and a length in seconds, found another")
        opened.edits.mark(reviewer, content["kind"], key, on=content.get("on") is True)

    def changing(
        self, act: Callable[[Opened, Mapping[str, Any]], None]
    ) -> Callable[[Request], Any]:
        """Return what answers a request that changes something, and sends JSON."""

        async def answer(request: Request) -> Response:
            try:
                content = json.loads(await request.body())
            except (ValueError, RecursionError):
                raise HTTPException(400, "expected JSON, found something else") from None
            if not isinstance(content, dict):
                raise HTTPException(400, "expected a JSON object, found another value")
            if not _name(content.get("reviewer")):
                raise HTTPException(400, "expected the name of a reviewer, found none")
            opened = await run_in_threadpool(self._ready, request)
            await run_in_threadpool(act, opened, content)
            return JSONResponse({"done": True})

        return answer

    def _open(self, request: Request) -> Opened:
        key = request.path_params["key"]
        with self._lock:
            if key not in self._opened:
                try:
                    found = self.library.get(key)
                except KeyError:
                    raise HTTPException(404, "no such recording") from None
                opened = Opened(found.path, self.model, self._workers)
                self._workers.submit(self._patients.prepare, opened)
                self._opened[key] = opened
            return self._opened[key]

    def _ready(self, request: Request) -> Opened:
        opened = self._open(request)
        if not opened.state.is_ready:
            raise HTTPException(409, opened.state.problem or "the recording is not annotated yet")
        return opened

    def _review(self, request: Request) -> tuple[Opened, Review]:
        opened = self._ready(request)
        return opened, opened.review(_reviewer(request))


def make_app(paths: Sequence[Path], *, model: Model, place: Place) -> Guard:
    """Make the server.

    Parameters
    ----------
    paths : sequence of Path
        Folders and recordings that it shows; no others.
    model : Model
        What annotates.
    place : Place
        Where it will listen.

    Returns
    -------
    Guard
        An ASGI application.
    """
    viewer = Viewer(Library(paths), model)
    one = "/api/recordings/{key}"
    posts = {"edits": viewer.edit, "undo": viewer.undo, "redo": viewer.redo, "marks": viewer.mark}
    posts |= {"adapt": viewer.adapt, "unadapt": viewer.unadapt, "adjudicate": viewer.adjudicate}
    app = Starlette(
        routes=[
            Route("/", lambda _: FileResponse(_STATIC / "index.html")),
            Route("/api/recordings", viewer.recordings),
            Route(one, viewer.status),
            Route(one + "/beats", viewer.beats),
            Route(one + "/summary", viewer.summary),
            Route(one + "/events", viewer.events),
            Route(one + "/templates", viewer.templates),
            Route(one + "/tiles/{level:int}/{number:int}", viewer.tile),
            Route(one + "/snap", viewer.snap),
            Route(one + "/question", viewer.question),
            Route(one + "/compare", viewer.compare),
            Route(one + "/export/{form}", viewer.export),
            *(
                Route(f"{one}/{name}", viewer.changing(act), methods=["POST"])
                for name, act in posts.items()
            ),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={HTTPException: _refused, EcgScribeError: _failed, OSError: _failed},
    )
    return Guard(app, place)


def _refused(_: Request, error: Exception) -> Response:
    code = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else ""
    return JSONResponse({"problem": detail}, code)


def _failed(_: Request, error: Exception) -> Response:
    return JSONResponse({"problem": str(error)}, 400)


def _reviewer(request: Request) -> str:
    return _name(request.query_params.get("reviewer", ""))


def _notes(opened: Opened, reviewer: str) -> Annotation:
    kept = [each.split() for each in opened.edits.marks(reviewer, "strip")]
    strips = [(float(begin), float(length)) for begin, length in kept]
    inside = [strip for strip in strips if strip[0] < opened.record.duration]
    return review_notes(reviewer, inside, fs=opened.record.fs)


def _count(request: Request, name: str) -> int:
    text = request.query_params.get(name, "0")
    if not text.isascii() or not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise HTTPException(400, f"expected a whole number as {name}, found another value")
    return int(text)


def _name(value: object, most: int = _MOST_NAME) -> str:
    if not isinstance(value, str) or len(value) > most or not (value + "a").isprintable():
        raise HTTPException(400, f"expected a name of at most {most} letters, found another")
    return value.strip()


def _two(content: Mapping[str, Any]) -> tuple[str, str]:
    first, second = (_name(content.get(key, ""), _MOST_LABEL) for key in ("first", "second"))
    if first == second:
        raise HTTPException(400, "expected two reviewers, found one twice")
    return first, second
