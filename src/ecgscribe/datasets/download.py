"""Download files that a list of SHA-256 sums names, and check files against such a list."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from ecgscribe.errors import DatasetError

__all__ = ["SUMS", "download", "matches", "read_sums"]


SUMS = "SHA256SUMS.txt"
"""Name under which PhysioNet publishes the sums of a database."""


_TIMEOUT = 30.0  # seconds without a byte before a server counts as gone
_SHOWN = 3  # files named in one message


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
        If the list is absent or no such list.
    """
    path = folder / SUMS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        pairs = [line.split(maxsplit=1) for line in lines if line.strip()]
        sums = {name.strip().lstrip("*"): digest.lower() for digest, name in pairs}
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: expected a list of SHA-256 sums, cannot read it") from error
    if not sums or any(len(digest) != 64 for digest in sums.values()):
        raise DatasetError(
            f"{path}: expected a list of SHA-256 sums, found something else; delete it and fetch"
        )
    return sums


def matches(path: Path, digest: str) -> bool:
    """Tell whether a file is there and has that SHA-256.

    Parameters
    ----------
    path : Path
        The file.
    digest : str
        The sum, in hexadecimal.
    """
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == digest


def download(
    url: str,
    folder: Path,
    names: Iterable[str],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Bring files into a folder, each verified before it gets its name.

    Files that are there and have the right sum are not asked for again, so that an interrupted
    download goes on where it stopped. A broken or absent file does not stop the others.

    Parameters
    ----------
    url : str
        Address of the database, where its list of sums lies too.
    folder : Path
        Where the files go; made if absent.
    names : iterable of str
        Names of the files.
    progress : callable, optional
        Called with the number of files done and of all files, after each file.

    Raises
    ------
    DatasetError
        If the server cannot be reached, the folder cannot be written, or a file is not listed,
        not there or not what its sum says.
    """
    url = url.rstrip("/")
    wanted = list(names)
    failed: dict[str, str] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=folder) as scratch:
            if not (folder / SUMS).is_file():
                _first_sums(url, Path(scratch), folder)
            sums = read_sums(folder)
            for number, name in enumerate(wanted, start=1):
                reason = _ensure(url, name, Path(scratch), folder, sums.get(name))
                if reason:
                    failed[name] = reason
                if progress is not None:
                    progress(number, len(wanted))
    except OSError as error:
        raise DatasetError(
            f"{folder}: expected to write here, the system refused ({error.strerror or error}); "
            "check permissions and free space, then fetch again: it goes on where it stopped"
        ) from error
    if failed:
        shown = ", ".join(f"{name} {reason}" for name, reason in list(failed.items())[:_SHOWN])
        more = f" and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
        raise DatasetError(
            f"{folder}: {len(wanted) - len(failed)} files are complete, {len(failed)} are not: "
            f"{shown}{more}; fetch again, only these will be asked for"
        )


def _first_sums(url: str, scratch: Path, folder: Path) -> None:
    try:
        _bring(f"{url}/{SUMS}", scratch, None)
    except _FileError as error:
        raise DatasetError(
            f"{folder.name}: expected its {SUMS} at {url}, it {error}; check the address"
        ) from error
    read_sums(scratch)  # a login page of the network in between is no list of sums
    (scratch / SUMS).replace(folder / SUMS)


def _ensure(url: str, name: str, scratch: Path, folder: Path, digest: str | None) -> str:
    if digest is None:
        return f"is not in {SUMS}"
    if matches(folder / name, digest):
        return ""
    try:
        _bring(f"{url}/{name}", scratch, digest)
        (scratch / name).replace(folder / name)
    except _FileError as error:
        return str(error)
    return ""


class _FileError(DatasetError):
    """One file failed; the others may still come."""


def _bring(url: str, scratch: Path, digest: str | None) -> None:
    # pooch writes into the scratch folder, so that even a kill leaves nothing under a final name.
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")
    name = url.rsplit("/", 1)[1]
    try:
        pooch.retrieve(
            url,
            known_hash=None if digest is None else f"sha256:{digest}",
            fname=name,
            path=scratch,
            downloader=pooch.HTTPDownloader(timeout=_TIMEOUT, chunk_size=1 << 16),
        )
    except requests.HTTPError as error:
        status = "" if error.response is None else f" (status {error.response.status_code})"
        raise _FileError(f"is not on the server{status}") from error
    except (requests.ConnectionError, requests.Timeout) as error:
        raise DatasetError(
            f"cannot reach {urlsplit(url).netloc} for {name} (offline?); try again later, it goes "
            "on where it stopped, or point --data-dir or ECGSCRIBE_DATA at a copy you have"
        ) from error
    except requests.RequestException as error:
        raise _FileError("broke off while it was sent") from error
    except ValueError as error:  # pooch's word for a sum that differs
        raise _FileError(f"differs from its sum in {SUMS}") from error
