"""Listings come one by one, find what a search of all finds, and pass over no folder."""

from __future__ import annotations

import posixpath
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

pytest.importorskip("fsspec")

import fsspec
from fsspec import AbstractFileSystem

from ecgscribe.archive.listing import below, matching
from ecgscribe.archive.sources import find_sources
from ecgscribe.errors import FormatError

NAMES = (
    "2023/a.edf", "2023/deep/b.edf", "2023/deep/deeper/c.csv", "2024/a.edf", "2024/d.hea",
    "2024/deep/e.edf", "f.edf", "x[1]/g.edf",
)  # fmt: skip
PATTERNS = (
    "*", "*.edf", "*/*.edf", "20??/*", "**/*.edf", "**/deep/*.edf", "**/deep", "2023/**",
    "*/deep", "202[34]/d*", "*/deep/*/c.csv", "none*", "**",
)  # fmt: skip


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Any, str]]:
    """A file system with the files `NAMES`, and their folder."""
    system = fsspec.filesystem(request.param)
    root = f"/{tmp_path.relative_to('/')}"
    for k, name in enumerate(NAMES):
        system.makedirs(posixpath.dirname(f"{root}/{name}"), exist_ok=True)
        system.pipe_file(f"{root}/{name}", b"x" * k)
    yield system, root
    system.rm(root, recursive=True)


def test_below_finds_every_file(store: tuple[Any, str]) -> None:
    system, root = store
    expected = {f"{root}/{name}": k for k, name in enumerate(NAMES)}
    assert dict(below(system, root)) == expected


@pytest.mark.parametrize("pattern", PATTERNS)
def test_matching_finds_what_fsspec_finds(store: tuple[Any, str], pattern: str) -> None:
    system, root = store
    expected = set()
    for name, each in system.glob(f"{root}/{pattern}", detail=True).items():
        expected |= {name} if each["type"] == "file" else set(system.find(name))
    assert {name for name, _ in matching(system, f"{root}/{pattern}")} == expected


class LargeStore(AbstractFileSystem):  # type: ignore[misc]
    """``large://N``: a store of N recordings, a hundred in each folder; ``none`` is refused."""

    protocol = ("large",)
    async_impl = True  # so that several folders are listed at once
    mirror_sync_methods = False

    def ls(self, path: str, detail: bool = True, **_: Any) -> Any:
        """List the store, or a folder of it."""
        number, *folders = path.split("/")
        if folders == ["none"]:
            raise OSError("503, slow down")
        if folders:
            return [{"name": f"{path}/r{k}.csv", "type": "file", "size": k} for k in range(100)]
        names = [*map(str, range(int(number) // 100)), *(["none"] if int(number) < 100 else [])]
        return [{"name": f"{path}/{name}", "type": "directory", "size": 0} for name in names]


class PagedStore(AbstractFileSystem):  # type: ignore[misc]
    """``paged://ward/N``: N recordings in one folder, and one below it, through what s3fs has."""

    protocol = ("paged", "s3")
    async_impl = True
    mirror_sync_methods = False
    req_kw: ClassVar[dict[str, str]] = {"RequestPayer": "requester"}

    def split_path(self, path: str) -> tuple[str, str, None]:
        """Return the bucket, the key in it, and no version."""
        bucket, _, key = path.partition("/")
        return bucket, key, None

    def call_s3(self, method: str, **request: str) -> dict[str, Any]:
        """Answer as S3 does, which refuses what it does not know."""
        assert method == "list_objects_v2"
        begin = int(request.pop("ContinuationToken", "0"))
        prefix = request.pop("Prefix")
        assert request == {"Bucket": "ward", "Delimiter": "/", "RequestPayer": "requester"}
        number, below = prefix.rstrip("/").partition("/")[::2]
        if below:
            return {"Contents": [{"Key": f"{prefix}r.csv", "Size": 7}], "IsTruncated": False}
        keys = range(begin, end := min(begin + 100, int(number)))
        page = {"Contents": [{"Key": f"{prefix}r{k}.csv", "Size": k, "ETag": "x"} for k in keys]}
        if begin == 0:
            page["Contents"].append(
                {"Key": prefix, "Size": 0}
            )  # the folder itself, as a console makes it
            page["CommonPrefixes"] = [{"Prefix": f"{prefix}deep/"}]
        more = {"IsTruncated": True, "NextContinuationToken": f"{end}"}
        return page | (more if end < int(number) else {"IsTruncated": False})


class ClosedStore(AbstractFileSystem):  # type: ignore[misc]
    """``closed://x``: a store of which each request ends in an error of the store's own."""

    protocol = ("closed",)

    def ls(self, path: str, detail: bool = True, **_: Any) -> Any:
        """List nothing."""
        raise ClosedError("Unable to locate\ncredentials")


class ClosedError(Exception):
    """As of the libraries of stores, which share no base."""


@pytest.fixture
def _large_store() -> None:
    fsspec.register_implementation("large", LargeStore, clobber=True)


@pytest.fixture
def _paged_store() -> None:
    fsspec.register_implementation("paged", PagedStore, clobber=True)


def of_folder(root: Path, number: int) -> str:
    for k in range(0, number, 100):
        (root / f"{k}").mkdir()
        for own in range(k, k + 100):
            (root / f"{k}" / f"r{own}.csv").touch()
    return str(root)


def of_glob(root: Path, number: int) -> str:
    return f"{of_folder(root, number)}/*/r*.csv"


def of_list(root: Path, number: int) -> str:
    text = root.with_suffix(".txt")
    text.write_text("".join(f"large://{number}/{k}\n" for k in range(number // 100)))
    return f"@{text}"


def of_url(_: Path, number: int) -> str:
    return f"large://{number}"


def of_flat_folder(_: Path, number: int) -> str:
    return f"paged://ward/{number}"


@pytest.mark.usefixtures("_large_store", "_paged_store")
@pytest.mark.parametrize(
    ("source_of", "least", "most"),
    [(of_folder, 300, 3_000), (of_glob, 300, 3_000), (of_list, 2_000, 20_000),
     (of_url, 2_000, 20_000), (of_flat_folder, 2_000, 20_000)],
)  # fmt: skip
def test_memory_does_not_grow_with_the_recordings(
    source_of: Callable[[Path, int], str], least: int, most: int, tmp_path: Path
) -> None:
    peaks = {}
    for number in (100, least, most):  # the first one also imports
        (tmp_path / f"{number}").mkdir()
        source = source_of(tmp_path / f"{number}", number)
        tracemalloc.start()
        table = find_sources([source])
        peaks[number] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(table) in (number, number + 1)  # one is deeper than the N of a paged store
    assert peaks[most] - peaks[least] < 10 * (most - least), peaks  # a name alone takes 80 bytes


@pytest.mark.usefixtures("_large_store")
def test_folder_that_is_not_listed_is_no_empty_one() -> None:
    with pytest.raises(FormatError, match="503, slow down"):
        find_sources(["large://99"])


@pytest.mark.usefixtures("_paged_store")
def test_every_page_of_a_folder_is_listed() -> None:
    found = {each.path: each.size for each in find_sources(["paged://ward/250"])}
    expected = {f"paged://ward/250/r{k}.csv": k for k in range(250)}
    assert found == expected | {"paged://ward/250/deep/r.csv": 7}
    assert len(find_sources(["paged://ward/250/r*7.csv"])) == 25


def test_error_of_a_store_is_one_line_whatever_it_is() -> None:
    fsspec.register_implementation("closed", ClosedStore, clobber=True)
    with pytest.raises(
        FormatError, match=r"^closed://x: expected a store .*\(Unable to locate cred"
    ):
        find_sources(["closed://x"])


def test_url_of_a_file_or_of_a_folder_named_like_one(tmp_path: Path) -> None:
    store = fsspec.filesystem("memory")
    root = f"/{tmp_path.name}"
    store.pipe({f"{root}/a.edf": b"xx", f"{root}/2024.dat/b.edf": b"x", f"{root}/note.txt": b""})
    for name, expected in {"a.edf": ["a.edf"], "2024.dat": ["2024.dat/b.edf"]}.items():
        paths = [each.path for each in find_sources([f"memory:/{root}/{name}"])]
        assert paths == [f"memory://{root}/{each}" for each in expected]
    for name in ("none.edf", "none", "note.txt"):
        with pytest.raises(FormatError, match=f"memory:/{root}/{name}: expected .*check the path"):
            find_sources([f"memory:/{root}/{name}"])
