"""How a table of samples is written: its encoding, separator, heading, and what stands above it."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from ecgscribe.formats.lead_names import short_names
from ecgscribe.formats.table_preamble import Preamble, is_statement
from ecgscribe.formats.time_names import is_counter_name, is_time_name
from ecgscribe.leads import MILLIVOLTS, is_standard

__all__ = [
    "COMMENTS",
    "FILLING",
    "MISSING",
    "WIDE",
    "Layout",
    "begin_with_numbers",
    "is_closing",
    "is_missing",
    "is_table",
]


_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as the next one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
COMMENTS = ("#", "%", "//")
"""What a line of comment begins with."""
_COMMENT_OF_ROW = re.compile(r"\s*#\*.*$")
"""A comment of LabChart after the cells of a row."""
WIDE = ("utf-16", "utf-32")
"""Encodings in which characters have more than one byte."""
FILLING = b"\0\x1a\r\n"
"""What may follow the last row: of a file made longer before it is written, of DOS, empty lines."""
_BLANK = " \t'\""
_NUMBER = re.compile(
    r"[-+\N{MINUS SIGN}]?(?:\d+[.,]?\d*|[.,]\d+)(?:e[-+]?\d+)?|[-+]?inf(?:inity)?"
    r"|[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?|[-+]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?",
    re.IGNORECASE,
)
MISSING = (
    "", "-", "--", "?", "!", "*", ".", "nan", "na", "n/a", "n.a.", "null", "none", "#", "#num!",
    "#div/0!", "#value!", "#ref!", "-nan(ind)", "nan(ind)",
)  # fmt: skip
"""What stands for a missing value, in lower case."""
_ERROR = re.compile(r"#[^\s\da-z]+|\*+|\\N")
"""An error of a spreadsheet in any language, such as ``#NV``, and what databases write."""
# A time such as 0:00.003, or with a date; a date is never alone.
_TIME = re.compile(
    r"(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}[T ])?-?\d+(?::\d{1,2}){1,2}(?:[.,]\d*)?"
    r"(?: ?(?:Z|UTC|[AP]M|[-+]\d\d:?\d\d))?(?: \d{1,2}/\d{1,2}/\d{4})?",
    re.IGNORECASE,
)
_LEADING_NUMBER = re.compile(r"[\s'\"[]*[-+\N{MINUS SIGN}.,]*\d")
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+(?:e[-+]?\d+)?", re.IGNORECASE)
_WITHOUT_BLANK = re.compile(
    r"[-+]?\d*,\d+(?:e[-+]?\d+)?|[-+]?\d+|\d+[-/.]\d+[-/.]\d+(?:T\S+)?|\d+:\d+(?::\d+)?(?:[.,]\d+)?",
    re.IGNORECASE,
)
"""A number with a decimal comma, a whole number, a date or a time, between blanks."""
_ONE_DECIMAL = re.compile(r"\s*[-+]?\d+,\d+\s*")
_SMALL_DECIMAL = re.compile(r"\s*(?:[-+]?\d+,0\d|-0,)")
_MARKED = re.compile(r"[-+]?[\d.,]*[.,][\d.,]*")
_GROUPED = {
    mark: re.compile(rf"[-+]?[1-9]\d{{0,2}}(?:\{mark}\d{{3}})+(?:\{point}\d*)?")
    for mark, point in (",.", ".,")
}
_THOUSANDS = re.compile(r"[-+]?(?:[1-9]\d{0,2}(?:,\d{3})+|\d{1,3})")
_CERTAIN_ROWS = 3
"""Rows of numbers that make a table of text which has no separator or begins with other text."""
_NEAR = 5.0
"""A row of numbers further from the next than this many of the largest steps is a heading."""


@dataclass(frozen=True)
class Layout:
    """How a table is written, judged by its first rows.

    Parameters
    ----------
    encoding, separator, decimal : str
        As pandas takes them.
    heading : list of list of str
        The row of names and the row of units, if they come first.
    thousands : str or None
        What groups the digits of numbers, as in ``"20,354"``.
    n_skipped : int
        Lines before the first row of numbers, blank ones included.
    width : int
        Cells in a row of numbers.
    preamble : Preamble
    has_numbers : bool
        Whether the text is a table of numbers.
    ends_empty : bool
        Whether every row of numbers ends with a separator, and so with an empty cell not counted.
    doubtful : str
        A first row of numbers that was taken for names because it does not fit the next ones.
    """

    encoding: str
    separator: str
    decimal: str
    thousands: str | None
    heading: list[list[str]]
    n_skipped: int
    width: int
    preamble: Preamble
    has_numbers: bool
    ends_empty: bool = False
    doubtful: str = ""

    @classmethod
    @lru_cache(maxsize=4)  # asked to detect the format, and again to read the table
    def of(cls, data: bytes) -> Layout:
        """Judge a table by `data`, its first lines."""
        encoding = _encoding(data)
        lines = _lines(data, encoding)
        body = _body(lines)
        separator = _separator([line for _, line in body])
        rows = [_cells(line, separator) for _, line in body]
        first = _first_of_numbers(rows)
        ends_empty = _ends_empty(rows, first)
        if ends_empty:
            rows[first:] = [row[:-1] for row in rows[first:]]
        width = len(rows[first]) if first < len(rows) else 0
        if ends_empty:
            rows[:first] = [r[:-1] if len(r) > width and not r[-1] else r for r in rows[:first]]
        if separator == r"\s+":  # names may hold single blanks
            rows[:first] = [_names_with_blanks(line, width) for _, line in body[:first]]
        above = [line for n, line in lines if first >= len(body) or n < body[first][0]]
        heading, n_names = _names(rows, first, width, above, separator)
        doubtful = ""
        if n_names and _counts_samples(rows[first:]):
            first += 1
        elif not n_names and first < len(rows):
            taken, doubtful = _is_heading_of_numbers(rows[first:])
            heading = [[""] * width] * taken
            first += taken
        numbers = len(rows) - first
        certain = numbers >= _CERTAIN_ROWS and width == len(rows[-1])
        plain = first <= 2 and separator != r"\s+"
        cells = [cell for row in rows[first:] for cell in row]
        decimal, thousands = _marks(cells, separator)
        return cls(
            encoding=encoding,
            separator=separator,
            decimal=decimal,
            thousands=thousands,
            heading=heading,
            n_skipped=body[first][0] - 1 if first < len(body) else 0,
            width=width,
            preamble=Preamble.of(above[: len(above) - n_names]),
            has_numbers=numbers > 0 and (plain or certain),
            ends_empty=ends_empty,
            doubtful=doubtful,
        )


def is_closing(line: str, *, after_numbers: bool = False) -> bool:
    """Return whether a line after the last row is none: without any number, or a comment.

    `after_numbers`, if rows begin with numbers, so is one that begins with a word, as ``Mean,0.1``.
    """
    text = line.strip()
    if text.startswith(COMMENTS):
        return True
    word = re.match(r"['\"]?([^\W\d_]{2,})", text)
    if after_numbers and word and not is_missing(word[1]) and not _NUMBER.fullmatch(word[1]):
        return True
    return not re.search(r"\d", text) and not all(map(is_missing, re.split(r"[\s,;|]+", text)))


def begin_with_numbers(lines: Sequence[str]) -> bool:
    """Return whether most lines do, which may be times."""
    return sum(bool(_LEADING_NUMBER.match(line)) for line in lines) > len(lines) / 2


def is_missing(cell: str) -> bool:
    """Return whether a cell stands for a missing value."""
    text = cell.strip(_BLANK)
    return text.lower() in MISSING or _ERROR.fullmatch(text) is not None


def is_table(head: bytes) -> bool:
    """Return whether a file that begins with `head` is a table of numbers."""
    is_text = b"\0" not in head.rstrip(FILLING) or _encoding(head).startswith(WIDE)
    return is_text and Layout.of(head).has_numbers


def _encoding(data: bytes) -> str:
    for bom, name in _BOMS:
        if data.startswith(bom):
            return name
    for name, zeros in (("utf-16-le", data[1:400:2]), ("utf-16-be", data[0:400:2])):
        if len(zeros) > 8 and zeros.count(0) > 0.9 * len(zeros):
            return name
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return "utf-8" if error.end >= len(data) - 3 and error.start > 0 else "latin-1"
    return "utf-8"


def _lines(data: bytes, encoding: str) -> list[tuple[int, str]]:
    """Return the lines with their numbers, without blank ones and a last one that may be cut."""
    if not encoding.startswith(WIDE) and data.rstrip(b"\r\n").endswith((b"\0", b"\x1a")):
        data = data.rstrip(FILLING) + b"\n"
    text = data.decode(encoding, errors="replace")
    every = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = [(n, line) for n, line in enumerate(every, start=1) if line.strip()]
    return lines[:-1] if len(lines) > 1 and not text.endswith(("\n", "\r")) else lines


def _body(lines: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return the lines without comments, up to the last row of numbers."""
    body = [
        (n, _COMMENT_OF_ROW.sub("", line))
        for n, line in lines
        if not line.lstrip().startswith(COMMENTS)
    ]
    after_numbers = begin_with_numbers([line for _, line in body])
    while len(body) > 1 and is_closing(body[-1][1], after_numbers=after_numbers):
        body.pop()
    return body


def _separator(lines: Sequence[str]) -> str:
    # Of numbers, because names may hold any character.
    line = lines[-1] if lines else ""
    cells = line.split()
    are_apart = len(cells) > 1 and "\t" not in line and all(map(_WITHOUT_BLANK.fullmatch, cells))
    if are_apart and any(map(_DECIMAL_COMMA.fullmatch, cells)):
        return r"\s+"
    for character in ";\t|,":
        if character in line:
            return ";" if character == "," and _is_one_column(lines) else character
    return r"\s+" if " " in line.strip() and not _TIME.fullmatch(line.strip(_BLANK)) else ","


def _is_one_column(lines: Sequence[str]) -> bool:
    """Return whether the commas are those of decimals: one name, and no counts such as ``02``."""
    rows = lines[len(lines) // 2 :]
    is_named = "," in lines[0] and not _ONE_DECIMAL.fullmatch(lines[0])
    are_decimals = all(map(_ONE_DECIMAL.fullmatch, rows)) and any(map(_SMALL_DECIMAL.match, rows))
    return are_decimals and not is_named


def _marks(cells: Sequence[str], separator: str) -> tuple[str, str | None]:
    """Return the decimal mark, and the one between thousands if there is one."""
    marked = [cell for cell in cells if _MARKED.fullmatch(cell)]
    for decimal, mark in (".,", ",."):
        grouped = [cell for cell in marked if mark in cell]
        are_grouped = bool(grouped) and all(map(_GROUPED[mark].fullmatch, grouped))
        if are_grouped and any(decimal in cell for cell in marked):
            return decimal, mark
    if separator == "," and all(map(_THOUSANDS.fullmatch, cells)) and marked:
        return ".", ","
    return ("," if any(map(_DECIMAL_COMMA.fullmatch, cells)) else "."), None


def _cells(line: str, separator: str) -> list[str]:
    if separator == r"\s+":
        return line.split()
    cells: list[str] = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    return [cell.strip(_BLANK) for cell in cells]


def _names_with_blanks(line: str, width: int) -> list[str]:
    """Return the cells of a heading, of which the first way to split it gives as many as columns.

    At every blank, at two or more, or not before a unit in brackets. Units alone are those of the
    last columns.
    """
    ways = [re.split(at, line.strip()) for at in (r"\s+", r"\s{2,}", r"\s+(?![\[(])")]
    are_units = all(cell.strip("[]()").lower() in MILLIVOLTS for cell in ways[0])
    if are_units and len(ways[0]) < width:
        return [""] * (width - len(ways[0])) + ways[0]
    return next((cells for cells in ways if len(cells) == width), ways[0])


def _ends_empty(rows: Sequence[Sequence[str]], first: int) -> bool:
    """Return whether all rows from the first of numbers on end with an empty cell of no column."""
    if first == len(rows) or not all(len(row) > 1 and not row[-1] for row in rows[first:]):
        return False
    heading = rows[max(first - 2, 0) : first]
    return not any(len(row) == len(rows[-1]) and row[-1] for row in heading)


def _names(
    rows: Sequence[Sequence[str]], first: int, width: int, above: Sequence[str], separator: str
) -> tuple[list[list[str]], int]:
    """Return the row of names and the row of units, and how many lines above the numbers they are.

    They are the last rows above the numbers, or else the last comments of the lines `above` them.
    """
    if _names_all_but_the_count(rows, first):
        rows = [*rows[: first - 1], ["", *rows[first - 1]], *rows[first:]]
    n_names = _n_names(rows[:first], width)
    if not n_names:
        heading = _commented_names(above, separator, width)
        return heading, len(heading)
    heading = [list(row) for row in rows[first - n_names : first]]
    return ([heading[0], heading[-1]] if n_names > 1 else heading), n_names


def _commented_names(above: Sequence[str], separator: str, width: int) -> list[list[str]]:
    """Return the names, and perhaps units, in the last comments above the numbers.

    ``# time ecg``, as NumPy writes it; only if a name is known, so that none is a person's.
    """
    rows: list[list[str]] = []
    for line in reversed(above[-2:]):
        text = line.lstrip()
        row = _cells(text.lstrip("#%/").lstrip(" "), separator)
        if not text.startswith(COMMENTS) or len(row) != width or width < 2 or is_statement(text):
            break
        rows.insert(0, [cell.lstrip("#% ") for cell in row])
    while rows and not any(map(_is_known_name, rows[0])):
        rows.pop(0)
    return [] if rows and any(map(_NUMBER.fullmatch, rows[0])) else rows


def _is_known_name(name: str) -> bool:
    called = name.lower() in ("ecg", "ekg") or is_standard(name)
    return called or is_time_name(name) or (bool(name) and is_counter_name(name))


def _counts_samples(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row says how many samples each column has, and no time."""
    return (
        len(rows) > _CERTAIN_ROWS
        and len(rows[0]) > 1
        and is_missing(rows[0][0])
        and len(set(rows[0][1:])) == 1
        and rows[0][1].isdigit()
        and not any(is_missing(row[0]) for row in rows[1:])
    )


def _is_of_numbers(row: Sequence[str]) -> bool:
    known = [
        bool(_NUMBER.fullmatch(c) or _TIME.fullmatch(c.strip("[]"))) or is_missing(c) for c in row
    ]
    return all(known) and any(cell for cell in row)


def _first_of_numbers(rows: Sequence[Sequence[str]]) -> int:
    """Return the first row of the block of numbers that goes on to the end; their count if none."""
    if not rows:
        return 0
    found = [_is_of_numbers(row) for row in rows]
    if any(found):
        width = len(rows[len(found) - 1 - found[::-1].index(True)])
        first = plain = next(k for k, row in enumerate(rows) if found[k] and len(row) == width)
        while first and _is_noted(rows[first - 1], rows[plain]):
            first -= 1
        return first
    # A column of text may stand beside those of numbers.
    width, first = len(rows[-1]), len(rows)
    numeric = [True] * width
    for k in range(len(rows) - 1, -1, -1):
        if len(rows[k]) != width:
            break
        still = [n and bool(_NUMBER.fullmatch(c)) for n, c in zip(numeric, rows[k], strict=True)]
        if not any(still):
            break
        numeric, first = still, k
    return first if width > 1 and len(rows) - first >= _CERTAIN_ROWS else len(rows)


def _is_noted(row: Sequence[str], plain: Sequence[str]) -> bool:
    """Return whether a row is one of numbers but for a text where a plain one is empty."""
    return (
        len(row) == len(plain)
        and any(map(_NUMBER.fullmatch, row))
        and all(_is_of_numbers([c]) or is_missing(p) for c, p in zip(row, plain, strict=True))
    )


def _n_names(above: Sequence[Sequence[str]], width: int) -> int:
    """Return how many of the rows above the numbers are a heading: names first, units last."""
    plain = [len(row) > 1 and not row[0].endswith(("=", ":")) for row in above]
    plain = [each and not _states_rate(row) for each, row in zip(plain, above, strict=True)]
    above = [row if len(row) > 1 or not is_statement(row[0]) else [] for row in above]
    fits = [
        len(row) == width and (width == 1 or is_plain)
        for row, is_plain in zip(above, plain, strict=True)
    ]
    if width == 1 and len(above) > 2 and above[-1] and above[-1][0].lower() in MILLIVOLTS:
        return 0  # the last of what is said above
    if fits and fits[-1]:
        n_fit = [*fits[::-1], False].index(False)
        named = [n for n in range(1, n_fit + 1) if width > 1 and _names_columns(above[-n])]
        both = n_fit > 1 and (width > 1 or len(above) == 2)
        return named[0] if named else 1 + both
    is_stated = any(is_statement(" ".join(row)) for row in above)
    return len(above) if width and 0 < len(above) <= 2 and all(plain) and not is_stated else 0


def _states_rate(row: Sequence[str]) -> bool:
    return len(row) == 2 and Preamble.of([": ".join(row)]).fs is not None


def _names_columns(row: Sequence[str]) -> bool:
    """Return whether a row names columns for certain, as no row of units does."""
    return any(
        is_time_name(name)
        or re.search("e[ck]g", name, re.IGNORECASE) is not None
        or (bool(name) and is_standard(short_names([name])[0]))
        for name in row
    )


def _names_all_but_the_count(rows: Sequence[Sequence[str]], first: int) -> bool:
    """Return whether the heading leaves out the numbers of the rows, as R writes it."""
    numbers = [row[0] for row in rows[first:]]
    if not first or len(numbers) < _CERTAIN_ROWS or len(rows[first - 1]) != len(rows[first]) - 1:
        return False
    counts = any(numbers == [str(k) for k in range(n, n + len(numbers))] for n in (0, 1))
    return counts and (len(rows[first]) > 2 or _names_columns(rows[first - 1]))


def _is_heading_of_numbers(rows: Sequence[Sequence[str]]) -> tuple[int, str]:
    """Return 1 if the first row is 0, 1, 2 …, as of columns without names, and else 0.

    The text is the row, if only its distance from the next rows says so.
    """
    names = rows[0][1:] if is_missing(rows[0][0]) and len(rows[0]) > 1 else rows[0]
    if list(names) not in (
        [str(k) for k in range(len(names))],
        [str(k + 1) for k in range(len(names))],
    ):
        return 0, ""
    if len(names) < len(rows[0]) and not rows[0][0]:
        return 1, ""
    others = [row[-len(names) :] for row in rows[1:]]
    if len(others) < 2 * _CERTAIN_ROWS:
        return 0, ""
    if all("." in cell or "," in cell for row in others for cell in row):
        return 1, ""
    columns = [[_value(cell) for cell in column] for column in zip(*others, strict=False)]
    steps = [max(abs(b - a) for a, b in pairwise(column)) for column in columns]
    far = [
        abs(column[0] - float(name)) > _NEAR * max(step, 1.0)
        for name, column, step in zip(names, columns, steps, strict=True)
    ]
    return (1, ", ".join(rows[0])) if far and all(far) else (0, "")


def _value(cell: str) -> float:
    return float(cell.replace(",", ".")) if _NUMBER.fullmatch(cell) else 0.0
