"""The variables of a MATLAB file of level 4 or 5, the versions 4 to 7 of MATLAB.

After "MAT-File Format", The MathWorks. Not read by ``scipy.io.loadmat``, because a damaged file can
crash it or make it allocate any amount of memory. Here every length is checked against the size of
the file before memory is allocated; ``tests/formats/test_fuzz_formats.py`` tests it.
"""

from __future__ import annotations

import math
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ecgscribe.errors import FormatError
from ecgscribe.formats.checks import MOST_DEFLATED, check_packing, check_size

__all__ = ["Numbers", "Texts", "Variable", "is_level_4", "variables"]


# Level 5: types of data elements, and the classes of arrays that they make up.
_UINT32, _MATRIX, _COMPRESSED = 6, 14, 15
_TYPES = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
_CLASSES = {3: "object", 5: "sparse", 16: "function", 17: "object"}
_CELL, _STRUCT, _CHAR, _NUMBERS = 1, 2, 4, range(6, 16)
_ENCODINGS = {
    ("<", 4): "utf-16-le", (">", 4): "utf-16-be", ("<", 17): "utf-16-le", (">", 17): "utf-16-be",
    ("<", 16): "utf-8", (">", 16): "utf-8",
}  # fmt: skip
"""Of text, by byte order and type of its data element; otherwise Latin-1."""
_OPAQUE = 17  # such as a string or a table: it has no dimensions of its own
_COMPLEX, _LOGICAL = 0x800, 0x200
_HEADER_BYTES = 128
_HEAD_BYTES = 65_536
"""Bytes of a compressed variable that are enough for its name and size."""


# Level 4: the last but one digit of the type names the numbers, the last the kind of matrix.
_TYPES_4 = {0: "f8", 1: "f4", 2: "i4", 3: "i2", 4: "u2", 5: "u1"}
_KINDS_4 = {1: "char", 2: "sparse"}


Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Numbers:
    """An array of real numbers in a MATLAB file.

    Parameters
    ----------
    shape : tuple of int
    load : callable
        Returns the array in the type in which it is stored, which may be narrower than its class.
    """

    shape: tuple[int, ...]
    load: Callable[[], NDArray[Any]]


@dataclass(frozen=True)
class Texts:
    """An array of characters in a MATLAB file, or a cell array of such.

    Parameters
    ----------
    values : tuple of str
        One text per row.
    """

    values: tuple[str, ...]


Variable = Numbers | Texts | str
"""Numbers, texts, or the name of another type (``complex``, ``cell`` …)."""


def is_level_4(head: bytes) -> bool:
    """Return whether a file that begins with `head` is a MATLAB file of level 4."""
    # Type, rows, columns, imaginary, length of the name; the type's thousands give the byte order.
    orders: tuple[tuple[Literal["little", "big"], int], ...] = (("little", 0), ("big", 1000))
    for order, least in orders:
        words = [int.from_bytes(head[k : k + 4], order) for k in range(0, 20, 4)]
        name = head[20 : 20 + min(words[4], 64)]
        if (
            len(head) > 20
            and least <= words[0] <= least + 52
            and words[0] % 10 <= 2
            and words[3] <= 1
            and 2 <= words[4] <= 64
            and re.fullmatch(rb"[A-Za-z]\w*\0", name) is not None
        ):
            return True
    return False


def variables(path: Path) -> dict[str, Variable]:
    """List the variables of a MATLAB file, and the fields of its structs as ``struct.field``.

    Parameters
    ----------
    path : Path
        A file of level 4 or 5, in either byte order, compressed or not.

    Returns
    -------
    dict
        By name. A cell array of one element is that element.

    Raises
    ------
    FormatError
        If the file is damaged or cut short.
    """
    data: Bytes = np.memmap(path, dtype=np.uint8, mode="r")
    match data[124:_HEADER_BYTES].tobytes():
        case b"\x00\x01IM":
            return dict(_level_5(path, data, "<"))
        case b"\x01\x00MI":
            return dict(_level_5(path, data, ">"))
    return dict(_level_4(path, data))


def _level_4(path: Path, data: Bytes) -> Iterator[tuple[str, Variable]]:
    order = "<" if data[:4].view("<u4") < 5000 else ">"
    at = 0
    while at < len(data):
        check_size(path, at + 20, len(data))
        kind, rows, columns, imaginary, length = struct.unpack(
            f"{order}5I", data[at : at + 20].tobytes()
        )
        name = data[at + 20 : at + 20 + length].tobytes().rstrip(b"\0").decode("latin-1")
        dtype = np.dtype(order + _of(path, kind // 10 % 10, _TYPES_4))
        begin = at + 20 + length
        at = begin + rows * columns * dtype.itemsize * (2 if imaginary else 1)
        check_size(path, at, len(data))
        if kind // 100 != (10 if order == ">" else 0) or kind % 10 > 2 or imaginary > 1:
            raise _damaged(path, f"type {kind}")
        if imaginary or kind % 10:
            yield name, _KINDS_4.get(kind % 10, "complex")
        else:
            yield name, _numbers((rows, columns), dtype, _unchanged(data[begin:at]))


def _level_5(path: Path, data: Bytes, order: str) -> Iterator[tuple[str, Variable]]:
    at = _HEADER_BYTES
    while at < len(data):
        kind, place, _ = _element(path, data, at, order, len(data))
        at = place.stop
        if kind == _COMPRESSED:
            yield from _unpacked(path, data[place], order)
        else:
            size = place.stop - place.start
            yield from _matrix(path, kind, data[place], order, size, _unchanged(data[place]))


def _unpacked(path: Path, packed: Bytes, order: str) -> Iterator[tuple[str, Variable]]:
    head = _inflated(path, packed, _HEAD_BYTES)
    kind, place, _ = _element(path, head, 0, order, len(packed) * MOST_DEFLATED)
    check_packing(path, place.stop, len(packed))
    return _matrix(
        path, kind, head[8:], order, place.stop - 8,
        lambda: _inflated(path, packed, place.stop, complete=True)[8:],
    )  # fmt: skip


def _matrix(
    path: Path,
    kind: int,
    head: Bytes,
    order: str,
    size: int,
    body: Callable[[], Bytes],
    name: str = "",
) -> Iterator[tuple[str, Variable]]:
    """Read the description of a variable of `size` bytes, whose first bytes are `head`.

    What is inside a struct or a cell array has no name of its own: it is called `name`.
    """
    if kind != _MATRIX:
        raise _damaged(path, f"an element of type {kind} for a variable")
    if size == 0:
        return
    kind, place, at = _element(path, head, 0, order, size)
    if kind != _UINT32 or place.stop - place.start != 8:
        raise _damaged(path, f"array flags of type {kind}")
    (flags,) = struct.unpack(f"{order}I", head[place][:4].tobytes())
    array_class = flags & 0xFF
    dimensions = slice(0)
    if array_class != _OPAQUE:
        _, dimensions, at = _element(path, head, at, order, size)
    shape = tuple(head[dimensions].view(f"{order}i4").tolist())
    _, place, at = _element(path, head, at, order, size)
    name = name or head[place].tobytes().decode("latin-1")
    if not name:  # internal data of objects
        return
    if array_class == _STRUCT and math.prod(shape) == 1:
        yield from _fields(path, body(), at, order, name)
    elif array_class == _STRUCT:
        yield name, "struct"
    elif array_class == _CELL:
        yield from _cells(path, body(), at, order, name)
    elif array_class not in (_CHAR, *_NUMBERS):
        yield name, _of(path, array_class, _CLASSES)
    elif flags & (_COMPLEX | _LOGICAL):
        yield name, "complex" if flags & _COMPLEX else "logical"
    else:
        kind, place, _ = _element(path, head, at, order, size)
        if array_class == _CHAR:
            yield name, _texts(body()[place].tobytes(), kind, shape, order)
            return
        dtype = np.dtype(order + _of(path, kind, _TYPES))
        if min(shape) < 0 or math.prod(shape) * dtype.itemsize != place.stop - place.start:
            raise _damaged(path, f"{place.stop - place.start} bytes for an array of shape {shape}")
        yield name, _numbers(shape, dtype, lambda: body()[place])


def _fields(
    path: Path, data: Bytes, at: int, order: str, name: str
) -> Iterator[tuple[str, Variable]]:
    """Return the fields of a struct, whose names begin at byte `at`."""
    _, place, at = _element(path, data, at, order, len(data))
    (width,) = struct.unpack(f"{order}i", data[place].tobytes())
    _, place, at = _element(path, data, at, order, len(data))
    names = data[place].tobytes()
    for begin in range(0, len(names), width):
        field = names[begin : begin + width].split(b"\0")[0].decode("latin-1")
        kind, place, at = _element(path, data, at, order, len(data))
        inner = data[place]
        yield from _matrix(
            path, kind, inner, order, len(inner), _unchanged(inner), f"{name}.{field}"
        )


def _cells(
    path: Path, data: Bytes, at: int, order: str, name: str
) -> Iterator[tuple[str, Variable]]:
    """Return what is in a cell array: its only element, or texts."""
    cells = []
    while at < len(data):
        kind, place, at = _element(path, data, at, order, len(data))
        inner = data[place]
        cells.append(list(_matrix(path, kind, inner, order, len(inner), _unchanged(inner), name)))
    texts = [each for cell in cells for _, each in cell if isinstance(each, Texts)]
    if len(cells) == 1:
        yield from cells[0]
    elif texts and len(texts) == len(cells):
        yield name, Texts(tuple(value for text in texts for value in text.values))
    else:
        yield name, "cell"


def _texts(data: bytes, kind: int, shape: Sequence[int], order: str) -> Texts:
    text = data.decode(_ENCODINGS.get((order, kind), "latin-1"), errors="replace")
    n_rows = shape[0] if math.prod(shape) == len(text) else 1
    return Texts(tuple(text[k::n_rows].strip() for k in range(n_rows)))


def _numbers(shape: tuple[int, ...], dtype: np.dtype[Any], raw: Callable[[], Bytes]) -> Numbers:
    return Numbers(shape, lambda: raw().view(dtype).reshape(shape, order="F"))


def _unchanged(data: Bytes) -> Callable[[], Bytes]:
    return lambda: data


def _element(path: Path, data: Bytes, at: int, order: str, size: int) -> tuple[int, slice, int]:
    """Return the type of an element, the slice of its data, and the start of the next element.

    The data must end within `size`; `data` may hold only the first bytes.
    """
    check_size(path, at + 8, min(size, len(data)))
    kind, length = struct.unpack(f"{order}II", data[at : at + 8].tobytes())
    if kind >> 16:  # up to four bytes are stored in the tag itself, after type and length
        kind, length = kind & 0xFFFF, kind >> 16
        check_size(path, length, 4)
        return kind, slice(at + 4, at + 4 + length), at + 8
    check_size(path, at + 8 + length, size)
    return kind, slice(at + 8, at + 8 + length), at + 8 + -(-length // 8) * 8


def _inflated(path: Path, body: Bytes, most: int, *, complete: bool = False) -> Bytes:
    """Inflate at most `most` bytes; `complete` if the data must end there."""
    stream = zlib.decompressobj()
    data = stream.decompress(body.data, most)
    if complete:
        check_size(path, most, len(data))
        if stream.decompress(stream.unconsumed_tail, 1) or not stream.eof:  # compares the checksum
            raise _damaged(path, "more in a variable than its size")
    return np.frombuffer(data, np.uint8)


def _of(path: Path, code: int, names: dict[int, str]) -> str:
    if code not in names:
        raise _damaged(path, f"numbers or an array of type {code}")
    return names[code]


def _damaged(path: Path, found: str) -> FormatError:
    return FormatError(
        f"{path}: expected a MATLAB file of version 4 to 7, found {found}: damaged; "
        "get a fresh copy"
    )
