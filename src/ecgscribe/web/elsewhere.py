"""Reviews of a recording that were made elsewhere, on a copy of it, to be compared.

The file of edits that was written there is put next to the recording as
``NAME.hea.ANYTHING.review.sqlite``. It is only read.
"""

from __future__ import annotations

import glob
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ecgscribe.errors import EcgScribeError, FormatError
from ecgscribe.record import Annotation, LazyRecord
from ecgscribe.web.changes import apply_edits
from ecgscribe.web.edits import EditFile, edit_path

__all__ = ["ReviewsElsewhere", "stored_annotation"]


_MOST = 20
"""Files that are read."""
_SUFFIX = ".review.sqlite"
_STORED = "annotation "
"""What the name of a stored annotation begins with; the model and the files follow."""
_DAMAGED = (
    ArithmeticError, AttributeError, KeyError, IndexError, TypeError, ValueError, EOFError,
    RecursionError, zipfile.BadZipFile, EcgScribeError,
)  # fmt: skip
"""What a file with any content may lead to."""


def stored_annotation(arrays: Mapping[str, NDArray[Any]], record: LazyRecord) -> Annotation:
    """Return an annotation of a recording from its columns."""
    columns: dict[str, Any] = dict(arrays)
    return Annotation(
        **columns, fs=record.fs, name=record.name, start=record.start, n_samples=record.n_samples
    )


class ReviewsElsewhere:
    """The reviewers in the other files of edits next to a recording.

    Parameters
    ----------
    recording : Path
    record : LazyRecord
    sizes : sequence of int
        Bytes of the files of the recording, by which it is known again.
    """

    def __init__(self, recording: Path, record: LazyRecord, sizes: Sequence[int]) -> None:
        self._recording, self._record = recording, record
        self._sizes = [str(each) for each in sizes]
        self._read: dict[str, tuple[tuple[int, int], Annotation]] = {}

    def reviewers(self) -> tuple[list[str], list[str]]:
        """List the reviewers, and what is wrong with files that cannot be used.

        Returns
        -------
        names : list of str
            Each with that of the file: ``Joe (ANYTHING)``.
        problems : list of str
        """
        names: list[str] = []
        problems = []
        for file in self._files():
            try:
                self._stored_name(file)
                names += [self._label(name, file) for name in file.reviewers() if name]
            except FormatError as error:
                problems.append(str(error))
        return names, problems

    def annotation(self, name: str) -> Annotation | None:
        """Return what a reviewer has made of the recording; None if there is no such one.

        Raises
        ------
        FormatError
            If the file is damaged, or of another recording.
        """
        found: tuple[EditFile, str] | None = None
        for file in self._files():
            with suppress(FormatError):  # another file's: `reviewers` says what is wrong with it
                for reviewer in file.reviewers():
                    if reviewer and self._label(reviewer, file) == name:
                        found = file, reviewer
        return None if found is None else self._annotation(name, found[1], found[0])

    def _annotation(self, name: str, reviewer: str, file: EditFile) -> Annotation:
        state = file.path.stat()
        stamp = state.st_mtime_ns, state.st_size
        if name not in self._read or self._read[name][0] != stamp:
            stored = self._stored_name(file)
            try:
                base = stored_annotation(file.arrays(stored) or {}, self._record)
                reviewed = apply_edits(base, file.edits(reviewer), self._record.n_samples)
            except _DAMAGED as error:
                raise FormatError(
                    f"{file.path.name}: expected edits that ecgscribe serve wrote, found something "
                    "else; copy the file again"
                ) from error
            self._read[name] = stamp, reviewed.annotation
        return self._read[name][1]

    def _label(self, name: str, file: EditFile) -> str:
        tag = file.path.name.removeprefix(f"{self._recording.name}.").removesuffix(_SUFFIX)
        return f"{name} ({tag})"

    def _files(self) -> list[EditFile]:
        own = edit_path(self._recording)
        pattern = glob.escape(self._recording.name) + f".?*{_SUFFIX}"
        found = sorted(self._recording.parent.glob(pattern))
        # A link might lead out of the paths that are served.
        usual = [path for path in found if path.is_file() and not path.is_symlink()]
        named = [path for path in usual if path != own and path.name.isprintable()]
        return [EditFile(path, writable=False) for path in named[:_MOST]]

    def _stored_name(self, file: EditFile) -> str:
        """Return what the annotation that the edits were made to is stored as."""
        name = file.last_name(_STORED)
        if name is None or name.split()[2::2] != self._sizes:
            raise FormatError(
                f"{file.path.name}: expected edits of {self._record.name}, found those of another "
                "recording; move the file away"
            )
        return name
