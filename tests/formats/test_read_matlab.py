"""MATLAB files compared with scipy, the second reader; made by hand if scipy cannot write them."""

from __future__ import annotations

import io
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy import sparse
from scipy.io import loadmat, savemat

from ecgscribe.errors import FormatError
from ecgscribe.formats.matlab import Numbers, Texts, Variable, variables
from ecgscribe.formats.reading import read
from ecgscribe.formats.sniffing import detect_format
from support.format_files import FS

Order = Literal["<", ">"]
LEVEL_5 = ["f8", "f4", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
LEVEL_4 = ["f8", "f4", "i4", "i2", "u2", "u1"]
NAMES = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,30}", fullmatch=True)
OTHERS = {
    "text": "some text",
    "logical": np.array([True, False, True]),
    "cell": np.array([np.arange(3.0), "x"], dtype=object),
    "struct": {"a": np.arange(4.0), "b": "text"},
    "complex": np.array([1.0, 2j]),
    "sparse": sparse.csc_array(np.eye(3)),
}


def numbers(version: Literal["4", "5"]) -> st.SearchStrategy[NDArray[Any]]:
    dtypes = st.sampled_from(LEVEL_5 if version == "5" else LEVEL_4)
    orders = st.sampled_from("<>")
    return st.builds(lambda order, dtype: np.dtype(order + dtype), orders, dtypes).flatmap(
        lambda dtype: arrays.arrays(
            dtype, arrays.array_shapes(min_dims=1, max_dims=3 if version == "5" else 2, min_side=0)
        )
    )


def stored_by_scipy(content: dict[str, Any], **options: Any) -> bytes:
    file: Any = io.BytesIO()  # scipy takes it, though its types deny it
    savemat(file, content, **options)
    return bytes(file.getvalue())


def compare(data: bytes) -> dict[str, Variable]:
    """Compare the numbers of a file with those that scipy reads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.mat"
        path.write_bytes(data)
        found = variables(path)
        expected = loadmat(str(path))
        for name, each in found.items():
            if isinstance(each, Numbers):
                array, by_scipy = each.load(), _inside(expected, name)
                assert each.shape == array.shape == by_scipy.shape
                np.testing.assert_array_equal(array, by_scipy)
    return found


def _inside(expected: Any, name: str) -> Any:
    """Return a variable that scipy read, or a field of it; the element of a cell array of one."""
    for part in name.split("."):
        expected = expected[part]
        while expected.dtype == object and expected.size == 1:
            expected = expected.item()
    return expected


def kind(variable: Variable) -> str:
    if isinstance(variable, str):
        return variable
    return "char" if isinstance(variable, Texts) else "numbers"


@given(
    version=st.sampled_from(["4", "5"]),
    compressed=st.booleans(),
    others=st.sets(st.sampled_from(sorted(OTHERS))),
    data=st.data(),
)
def test_numbers_are_those_that_scipy_writes_and_reads(
    version: Literal["4", "5"], compressed: bool, others: set[str], data: st.DataObject
) -> None:
    arrays_here = data.draw(st.dictionaries(NAMES, numbers(version), min_size=1, max_size=4))
    if version == "4":
        others = others & {"text", "complex", "sparse"}
    beside = {f"other_{name}": OTHERS[name] for name in sorted(others)}
    found = compare(
        stored_by_scipy(
            beside | arrays_here, format=version, do_compression=compressed, oned_as="column"
        )
    )
    expected = {f"other_{name}": "char" if name == "text" else name for name in others}
    if expected.pop("other_struct", None) is not None:
        expected |= {"other_struct.a": "numbers", "other_struct.b": "char"}
    kinds = {name: kind(each) for name, each in found.items()}
    assert kinds == expected | dict.fromkeys(arrays_here, "numbers")


# --- written by hand: what scipy does not write ---

CLASSES = {
    "f8": 6, "f4": 7, "i1": 8, "u1": 9, "i2": 10, "u2": 11, "i4": 12, "u4": 13, "i8": 14, "u8": 15,
}  # fmt: skip
TYPES = {
    "i1": 1, "u1": 2, "i2": 3, "u2": 4, "i4": 5, "u4": 6, "f4": 7, "f8": 9, "i8": 12, "u8": 13,
}  # fmt: skip
STORED = {
    "f8": ["i1", "u1", "i2", "u2", "i4", "f4", "f8"], "f4": ["u1", "i2", "f4"], "i1": ["i1"],
    "u1": ["u1"], "i2": ["i1", "u1", "i2"], "u2": ["u1", "u2"], "i4": ["u1", "i2", "u2", "i4"],
    "u4": ["u1", "u2", "u4"], "i8": ["i4", "i8"], "u8": ["u4", "u8"],
}  # fmt: skip


def element(order: Order, kind: int, data: bytes, *, small: bool = True) -> bytes:
    if small and 0 < len(data) <= 4:
        return struct.pack(f"{order}I", len(data) << 16 | kind) + data.ljust(4, b"\0")
    return struct.pack(f"{order}II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def variable(
    order: Order, name: bytes, array: NDArray[Any], kind: str, *, small: bool = True
) -> bytes:
    parts = (
        (6, struct.pack(f"{order}II", CLASSES[kind], 0)),
        (5, np.array(array.shape, f"{order}i4").tobytes()),
        (1, name),
        (TYPES[array.dtype.str[1:]], array.astype(array.dtype.newbyteorder(order)).tobytes("F")),
    )
    return element(order, 14, b"".join(element(order, k, data, small=small) for k, data in parts))


def level_5(order: Order, *elements: bytes, compressed: bool = False) -> bytes:
    if compressed:
        packed = [zlib.compress(each) for each in elements]
        elements = tuple(struct.pack(f"{order}II", 15, len(each)) + each for each in packed)
    version = b"\x00\x01IM" if order == "<" else b"\x01\x00MI"
    return b"MATLAB 5.0 MAT-file".ljust(124) + version + b"".join(elements)


def level_4(order: Order, name: bytes, array: NDArray[Any]) -> bytes:
    kind = 1000 * (order == ">") + 10 * LEVEL_4.index(array.dtype.str[1:])
    header = struct.pack(f"{order}5I", kind, *array.shape, 0, len(name) + 1)
    return header + name + b"\0" + array.astype(array.dtype.newbyteorder(order)).tobytes("F")


@given(
    order=st.sampled_from("<>"),
    kind=st.sampled_from(sorted(CLASSES)),
    compressed=st.booleans(),
    small=st.booleans(),
    data=st.data(),
)
def test_both_byte_orders_and_narrower_storage_are_what_scipy_reads(
    order: Order, kind: str, compressed: bool, small: bool, data: st.DataObject
) -> None:
    stored = data.draw(st.sampled_from(STORED[kind]))
    array = data.draw(arrays.arrays(f"<{stored}", arrays.array_shapes(min_dims=2, max_dims=2)))
    both = [variable(order, name, array, kind, small=small) for name in (b"x", b"signal")]
    found = compare(level_5(order, *both, compressed=compressed))
    assert set(found) == {"x", "signal"}


@given(
    order=st.sampled_from("<>"),
    array=st.sampled_from(LEVEL_4).flatmap(
        lambda kind: arrays.arrays(f"<{kind}", arrays.array_shapes(min_dims=2, max_dims=2))
    ),
)
def test_level_4_of_both_byte_orders_is_what_scipy_reads(order: Order, array: NDArray[Any]) -> None:
    found = compare(level_4(order, b"val", array) + level_4(order, b"w", array[:1]))
    assert set(found) == {"val", "w"}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("level", [4, 5])
def test_files_of_both_byte_orders_are_detected_by_their_content(
    order: Order, level: int, tmp_path: Path
) -> None:
    array = np.arange(20, dtype="<i2").reshape(2, 10)
    data = level_4(order, b"val", array) if level == 4 else variable(order, b"val", array, "f8")
    (tmp_path / "r.bin").write_bytes(data if level == 4 else level_5(order, data))
    np.testing.assert_array_equal(read(tmp_path / "r.bin", fs=FS).signal, array.T)


def test_files_that_matlab_wrote_are_what_scipy_reads() -> None:
    """The files of scipy's own tests, of MATLAB 4 to 7 on several machines."""
    folder = Path(scipy.io.__file__).parent / "matlab" / "tests" / "data"
    n_arrays = 0
    for path in folder.glob("test*.mat"):
        if detect_format(path) == "mat":
            found = compare(path.read_bytes())
            n_arrays += sum(isinstance(each, Numbers) for each in found.values())
    assert n_arrays > 20


# --- refused ---


def refused(data: bytes, match: str, tmp_path: Path) -> None:
    (tmp_path / "r.mat").write_bytes(data)
    with pytest.raises(FormatError, match=match) as caught:
        read(tmp_path / "r.mat", fs=FS)
    assert "\n" not in str(caught.value)


def test_what_a_file_without_samples_holds_is_named(tmp_path: Path) -> None:
    structs = np.zeros(2, dtype=[("a", object)])
    data = stored_by_scipy(OTHERS | {"fs": FS, "struct": structs})
    found = r"found text \(char\), logical \(logical\), cell \(cell\), struct \(struct\), complex"
    refused(data, found, tmp_path)
    refused(level_5("<"), "found none; save the samples alone", tmp_path)


SAMPLES = variable("<", b"val", np.arange(600, dtype="<f8").reshape(2, 300), "f8")
PLAIN = level_5("<", SAMPLES)
PACKED = level_5("<", SAMPLES, compressed=True)
OLD = level_4("<", b"val", np.zeros((2, 300)))


def pair(first: int, second: int) -> bytes:
    return struct.pack("<ii", first, second)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (PLAIN[:-8], "expected 4984 bytes as its header says, found 4976"),
        (PLAIN.replace(pair(2, 300), pair(2, 301)), r"4800 bytes for an array of shape \(2, 301\)"),
        (PLAIN.replace(pair(2, 300), pair(-2, -300)), r"4800 bytes .* of shape \(-2, -300\)"),
        (PLAIN.replace(pair(9, 4800), pair(9, 2**31 - 1)), "2147483695 bytes as its header says"),
        (PLAIN.replace(pair(9, 4800), pair(99, 4800)), "numbers or an array of type 99"),
        (level_5("<", element("<", 9, bytes(16))), "an element of type 9 for a variable"),
        (PACKED[:-1], "as its header says"),
        (PACKED[:-1] + bytes([PACKED[-1] ^ 1]), "damaged"),  # the checksum of what is packed
        (level_5("<", SAMPLES + bytes(8), compressed=True), "more in a variable than its size"),
        (OLD[:-1], "expected 4824 bytes as its header says, found 4823"),
        (OLD.replace(pair(2, 300), pair(2**31 - 1, 2**31 - 1)), "found 4824"),
    ],
)
def test_damage_is_an_error(data: bytes, match: str, tmp_path: Path) -> None:
    refused(data, match, tmp_path)


def test_a_small_file_that_inflates_without_end_allocates_no_more_than_its_header_states(
    tmp_path: Path,
) -> None:
    bomb = zlib.compress(SAMPLES + bytes(50_000_000))
    data = level_5("<") + struct.pack("<II", 15, len(bomb)) + bomb
    refused(data, "more in a variable than its size", tmp_path)
