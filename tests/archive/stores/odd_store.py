"""A file system of fsspec for tests: the folders of this computer, as a bad day shows them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fsspec.implementations.local import LocalFileSystem


class OddStore(LocalFileSystem):  # type: ignore[misc]
    """``odd:///path``: a file named ``hang`` never comes, one request in ten fails at first."""

    protocol = ("odd",)

    def get_file(self, rpath: str, lpath: str, **options: Any) -> None:
        """Copy a file, unless it hangs or the request fails."""
        if "hang" in Path(rpath).name:
            re.match(r"(a+)+$", "a" * 64 + "b")  # of C, and holds Python's lock
        asked = Path(rpath + ".asked")
        if sum(rpath.encode()) % 10 == 0 and not asked.exists():
            asked.touch()
            raise OSError("503, slow down")
        super().get_file(rpath, lpath, **options)

    @classmethod
    def _strip_protocol(cls, path: str) -> Any:
        return super()._strip_protocol(str(path).removeprefix("odd://"))

    def unstrip_protocol(self, name: str) -> str:
        """Return the URL of a path."""
        return f"odd://{name}"
