"""What every reader needs: errors of one line, an agreed frequency, the leads asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ecgscribe.errors import FormatError

__all__ = ["agreed_fs", "chosen_leads", "reading"]


@contextmanager
def reading(path: Path, expected: str) -> Iterator[None]:
    """Raise every failure inside the block as a `FormatError` of one line.

    Parameters
    ----------
    path : Path
        The file or record being read.
    expected : str
        What a good file would have held, for the message.
    """
    try:
        yield
    except FormatError:
        raise
    except FileNotFoundError as error:
        absent = Path(error.filename or path).name
        raise FormatError(
            f"{path}: expected {expected}, found no file {absent}; put it beside the others"
        ) from error
    except OSError as error:
        raise FormatError(
            f"{path}: expected {expected}, cannot read it ({error.strerror or error}); "
            "check the path and its permissions"
        ) from error
    # The parsers raise IndexError, KeyError, TypeError and bare exceptions on damaged files.
    except Exception as error:
        found = " ".join(str(error).split()) or type(error).__name__
        raise FormatError(
            f"{path}: expected {expected}, found it damaged or cut short ({found}); "
            "get a fresh copy"
        ) from error


def agreed_fs(path: Path, stated: float | None, given: float | None) -> float:
    """Settle the sampling frequency between what a file states and what the caller gives.

    Parameters
    ----------
    path : Path
        The file, for the message.
    stated : float or None
        Frequency in the file in Hz, if it holds one.
    given : float or None
        Frequency from the caller in Hz, if any.

    Returns
    -------
    float
        The frequency in Hz.

    Raises
    ------
    FormatError
        If there is none, or the two differ.
    """
    if stated is None:
        if given is None:
            raise FormatError(
                f"{path}: expected a sampling frequency, found none in the file; give it (--fs)"
            )
        return float(given)
    if given is not None and abs(stated - given) > 1e-6 * stated:
        raise FormatError(
            f"{path}: expected {given:g} Hz as given, found {stated:g} Hz in the file; "
            "leave the given frequency out or correct the file"
        )
    return float(stated)


def chosen_leads(path: Path, names: Sequence[str], leads: Sequence[str] | None) -> list[int]:
    """Find the columns of the leads asked for.

    Parameters
    ----------
    path : Path
        The file, for the message.
    names : sequence of str
        The leads that the file holds.
    leads : sequence of str or None
        The leads asked for, upper or lower case; None for all.

    Returns
    -------
    list of int
        Indices into `names`, in the order of `leads`.

    Raises
    ------
    FormatError
        If one is not there, or none is asked for.
    """
    if leads is None:
        return list(range(len(names)))
    lower = [name.lower() for name in names]
    unknown = [lead for lead in leads if lead.lower() not in lower]
    if unknown or not leads:
        raise FormatError(
            f"{path}: expected leads out of {', '.join(names)}, found "
            f"{', '.join(unknown) or 'none'}; correct the names"
        )
    return [lower.index(lead.lower()) for lead in leads]
