"""Which recordings an archive is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("fsspec")

from ecgscribe import formats
from ecgscribe.archive.sources import fetch, find_sources
from ecgscribe.errors import FormatError
from support.command_line import error_line, made
from support.wfdb_files import save


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings ``a`` and, longer and further down, ``b``; a file that is hidden, and a note."""
    root = tmp_path_factory.mktemp("sources")
    save(made("a", duration=10), root)
    save(made("b", duration=20), root / "deep")
    (root / "notes.md").write_text("none")
    (root / ".hidden").mkdir()
    save(made("c", duration=10), root / ".hidden")
    return root


def names(*sources: str) -> list[str]:
    return [Path(each.path).name for each in find_sources(sources)]


def test_folders_are_searched_and_the_largest_comes_first(folder: Path) -> None:
    assert names(str(folder)) == ["b.hea", "a.hea"]


def test_each_kind_of_source_finds_the_same_recordings(folder: Path, tmp_path: Path) -> None:
    whole = list(find_sources([str(folder)]))
    listed = tmp_path / "list.txt"
    listed.write_text(f"{folder}/a\n\n{folder}/deep\n")
    assert list(find_sources([str(folder / "**" / "*.*")])) == whole
    assert [each.path for each in find_sources([f"@{listed}", str(folder)])] == [
        each.path for each in whole
    ]
    assert [each.path for each in find_sources([f"file://{folder}"])] == [
        f"file://{each.path}" for each in whole
    ]


@pytest.mark.parametrize("source", ["{}/none", "{}/*.edf", "@{}/none", "no-such://x", "{}/.."])
def test_what_is_not_there_is_one_clear_error(tmp_path: Path, source: str) -> None:
    empty = tmp_path / "empty" / "below"
    empty.mkdir(parents=True)
    with pytest.raises(FormatError, match=r"expected .*; check the path"):
        find_sources([source.format(empty)])


def test_recording_of_a_url_is_copied_with_the_files_that_its_header_names(
    folder: Path, tmp_path: Path
) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.put(f"{folder}/a.hea", "/store/a.hea")
    memory.put(f"{folder}/a.dat", "/store/a.dat")
    (source,) = find_sources(["memory://store"])
    copy = fetch(source.path, tmp_path / "copy")
    assert (formats.read(copy).signal == formats.read(folder / "a").signal).all()
    memory.pipe("/store/evil.hea", b"evil 1 360 10\n../../etc/secret 16 200 16 0 0 0 0 I\n")
    with pytest.raises(FormatError):
        fetch("memory://store/evil.hea", tmp_path / "evil")


def test_header_of_several_segments_is_as_long_as_all_of_them(folder: Path, tmp_path: Path) -> None:
    save(made("b", duration=20), tmp_path)
    (tmp_path / "long.hea").write_text("long/2 2 360 9000000\nb 7200\n~ 8992800\n")
    first, *_ = find_sources([str(tmp_path)])
    assert Path(first.path).name == "long.hea"
    assert 36_000_000 < first.size < 36_001_000
    (alone,) = find_sources([str(tmp_path / "long")])
    assert alone.size == first.size


@pytest.mark.parametrize(
    "url",
    ["s3://AKIA:S3CRET@bucket/in", "s3://AKIA:S3/CRET@bucket/in", "ftp://S3CRET@host:21/in",
     "simplecache::s3://a:S3CRET@b/in", "https://host/in.edf?X-Amz-Signature=S3CRET"],
)  # fmt: skip
@pytest.mark.parametrize("listed", [False, True])
def test_url_with_a_secret_is_refused_and_not_shown(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, listed: bool
) -> None:
    (tmp_path / "list.txt").write_text(url)
    source = f"@{tmp_path / 'list.txt'}" if listed else url
    line = error_line(capsys, "archive", source, "-o", tmp_path / "out", code=1)
    assert "expected a URL without a user, password or signature, found one with" in line
    assert "CRET" not in line
    assert not (tmp_path / "out").exists()


def test_url_with_a_port_is_not_refused() -> None:
    with pytest.raises(FormatError, match="expected a folder, glob, recording or URL"):
        find_sources(["no-such://host:9000/in"])
