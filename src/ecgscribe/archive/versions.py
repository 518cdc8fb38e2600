"""What must be installed here, with the scheduler and with each worker, and in which version."""

from __future__ import annotations

import asyncio
from asyncio import wait_for
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from ecgscribe._version import __version__
from ecgscribe.errors import EcgScribeError

__all__ = [
    "check_packages",
    "refuse_other_scheduler",
    "refuse_other_versions",
    "version_differences",
]

_COMPARED = ("dask", "distributed")
_ASKING_S = 20


def check_packages() -> None:
    """Raise an error if a package of the extra ``archive`` is missing.

    Raises
    ------
    EcgScribeError
        That names those missing.
    """
    missing = [name for name in (*_COMPARED, "fsspec", "pyarrow") if find_spec(name) is None]
    if missing:
        raise EcgScribeError(
            f"archive: expected the packages {', '.join(missing)}, found none; "
            "pip install 'ecgscribe[archive]'"
        )


def version_differences(versions: Mapping[str, Any]) -> list[str]:
    """Return how a cluster differs from this process, from `distributed.Client.get_versions`.

    Parameters
    ----------
    versions : mapping
        With ``packages`` of the ``client``, the ``scheduler`` and each of the ``workers``.

    Returns
    -------
    list of str
        Such as ``the scheduler has dask 2025.1.0, this process 2026.8.0``.
    """
    mine = versions["client"]["packages"]
    others: list[tuple[str, Any, tuple[str, ...]]] = [
        ("the scheduler", versions["scheduler"], _COMPARED)
    ]
    others += [
        (f"the worker {address}", each, (*_COMPARED, "ecgscribe"))
        for address, each in sorted(versions["workers"].items())
    ]
    return [
        f"{who} has {name} {theirs or '(none)'}, this process {wanted}"
        for who, each, names in others
        for name in names
        if (theirs := each["packages"].get(name))
        != (wanted := __version__ if name == "ecgscribe" else mine[name])
    ]


def refuse_other_versions(scheduler: str, versions: Mapping[str, Any]) -> None:
    """Raise an error that names how a cluster differs from this process, if it does.

    Parameters
    ----------
    scheduler : str
        Its address.
    versions : mapping
        As for `version_differences`.
    """
    if differences := version_differences(versions):
        raise EcgScribeError(
            f"{scheduler}: expected the same versions everywhere, found that {differences[0]}; "
            "install the same ones"
        )


def refuse_other_scheduler(scheduler: str) -> None:
    """Raise an error if a scheduler that this Dask cannot work with says that it has another.

    Parameters
    ----------
    scheduler : str
        Its address.
    """
    import dask
    import distributed
    from distributed.core import rpc

    async def ask() -> Any:
        async with rpc(scheduler) as server:
            return await wait_for(server.versions(), _ASKING_S)

    mine = {"packages": {"dask": dask.__version__, "distributed": distributed.__version__}}
    with suppress(OSError, TimeoutError, ValueError, TypeError):
        theirs = asyncio.run(ask())
        refuse_other_versions(scheduler, {"client": mine, "scheduler": theirs, "workers": {}})
