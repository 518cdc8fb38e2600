"""Download files in a list of SHA-256 sums, and verify files by such a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from ecgscribe.errors import DatasetError
from ecgscribe.files import check_regular, file_hash
from ecgscribe.scratch import scratch_folder

__all__ = ["SUMS", "download", "is_intact", "read_sums"]


SUMS = "SHA256SUMS.txt"
"""File in which PhysioNet publishes the sums of a database."""


_TIMEOUT_S = 30.0  # without a byte, before the server counts as unreachable
_CHUNK_BYTES = 1 << 16
_SHOWN = 3  # files in one message
_REFUSALS = {
    401: "needs a login",
    403: "is refused by the server",
    404: "is not on the server",
    410: "is not on the server",
}
"""What the status of an answer of HTTP means for a file."""


def read_sums(folder: Path) -> dict[str, str]:
    """Read the list of sums in a folder.

    Parameters
    ----------
    folder : Path
        Folder of a database.

    Returns
    -------
    dict
        SHA-256, in hexadecimal, of each file by name.

    Raises
    ------
    DatasetError
        If the file is missing or holds something else.
    """
    path = folder / SUMS
    check_regular(path, error=DatasetError)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        pairs = [line.split(maxsplit=1) for line in lines if line.strip()]
        sums = {name.strip().lstrip("*"): digest.lower() for digest, name in pairs}
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: expected a list of SHA-256 sums, cannot read it") from error
    if not sums or any(len(digest) != 64 for digest in sums.values()):
        raise DatasetError(
            f"{path}: expected a list of SHA-256 sums, found something else; delete it, then fetch"
        )
    return sums


def is_intact(path: Path, digest: str) -> bool:
    """Return whether a file exists and has this SHA-256, in hexadecimal."""
    return path.is_file() and file_hash(path) == digest


def download(
    url: str,
    folder: Path,
    names: Iterable[str],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Download files into a folder, each verified before it gets its name.

    Files that are there and intact are not downloaded again, so an interrupted download resumes
    where it stopped. The download continues after a damaged or missing file.

    Parameters
    ----------
    url : str
        Address of the database, which also holds its list of sums.
    folder : Path
        Folder for the files; created if missing.
    names : iterable of str
        Names of the files.
    progress : callable, optional
        Called with the number of files done and of all files, after each file.

    Raises
    ------
    DatasetError
        If the server cannot be reached, the folder cannot be written, or a file is not in the
        list, missing or damaged.
    """
    url = url.rstrip("/")
    wanted = list(names)
    failed: dict[str, str] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / SUMS).is_file():
            _download_sums(url, folder)
        sums = read_sums(folder)
        for number, name in enumerate(wanted, start=1):
            try:
                _fetch(url, folder, name, sums)
            except _FileError as error:
                failed[name] = str(error)
            if progress is not None:
                progress(number, len(wanted))
    except OSError as error:
        raise DatasetError(
            f"{folder}: expected to write here, the system refused ({error.strerror or error}); "
            "check permissions and free space, then fetch again: it resumes where it stopped"
        ) from error
    if failed:
        shown = ", ".join(f"{name} {reason}" for name, reason in list(failed.items())[:_SHOWN])
        more = f" and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
        raise DatasetError(
            f"{folder}: {len(wanted) - len(failed)} files are complete, {len(failed)} are not: "
            f"{shown}{more}; fetch again, which downloads only these"
        )


def _download_sums(url: str, folder: Path) -> None:
    try:
        _fetch(url, folder, SUMS, {SUMS: None})
    except _FileError as error:
        raise DatasetError(
            f"{folder.name}: expected its {SUMS} at {url}, it {error}; check the address"
        ) from error
    try:
        read_sums(folder)
    except DatasetError:  # such as the login page of a network
        (folder / SUMS).unlink()
        raise


class _FileError(DatasetError):
    """One file failed; the others can still be downloaded."""


def _fetch(url: str, folder: Path, name: str, sums: Mapping[str, str | None]) -> None:
    """Download a file unless it is there and intact; it is verified before it gets its name."""
    import pooch
    import requests

    if name not in sums:
        raise _FileError(f"is not in {SUMS}")
    digest = sums[name]
    if digest is not None and is_intact(folder / name, digest):
        return
    pooch.get_logger().setLevel("WARNING")
    downloader = pooch.HTTPDownloader(timeout=_TIMEOUT_S, chunk_size=_CHUNK_BYTES)
    try:
        with scratch_folder(folder) as scratch:
            known_hash = digest and f"sha256:{digest}"
            own = PurePosixPath(name).name
            pooch.retrieve(f"{url}/{name}", known_hash, own, scratch, downloader=downloader)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (scratch / own).replace(folder / name)
    except requests.HTTPError as error:
        status = None if error.response is None else error.response.status_code
        found = _REFUSALS.get(status or 0, "met an error of the server")
        raise _FileError(f"{found} (status {status})") from error
    except (
        requests.exceptions.InvalidURL,
        requests.exceptions.MissingSchema,
        requests.exceptions.InvalidSchema,
    ) as error:
        raise DatasetError(
            f"expected an address such as https://host/path, found {url}; correct it"
        ) from error
    except (requests.ConnectionError, requests.Timeout) as error:
        raise DatasetError(
            f"cannot reach {urlsplit(url).netloc} for {name} (offline?); try again "
            "later, it resumes where it stopped, or point --data-dir or ECGSCRIBE_DATA at a copy "
            "you have"
        ) from error
    except requests.RequestException as error:
        raise _FileError("broke off during the download") from error
    except ValueError as error:  # of pooch, for a sum that differs
        raise _FileError(f"differs from its sum in {SUMS}") from error
