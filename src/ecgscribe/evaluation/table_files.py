"""Tables as CSV files, and a page that explains their columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ecgscribe.evaluation.numbers import UNDEFINED

__all__ = ["Table", "table_csv", "tables_page"]


@dataclass(frozen=True)
class Table:
    """A table, to be written as CSV.

    Parameters
    ----------
    content : str
        What one row holds.
    columns : mapping of str to str
        Meaning of each column, by its name; empty where another column explains it.
    rows : tuple of sequence of str
        Cells, in the order of the columns; `UNDEFINED` where a value is undefined.
    """

    content: str
    columns: Mapping[str, str]
    rows: tuple[Sequence[str], ...]


def table_csv(table: Table) -> str:
    """Return a table as CSV, with empty cells where a value is undefined."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(["" if cell == UNDEFINED else cell for cell in row] for row in table.rows)
    return text.getvalue()


def tables_page(tables: Mapping[str, Table], *, about: str) -> str:
    """Return a Markdown page that explains every file and every column.

    Parameters
    ----------
    tables : mapping of str to Table
        The tables, by file name.
    about : str
        What they are the tables of, for the heading.

    Returns
    -------
    str
    """
    parts = [
        f"# All tables: {about}",
        "Written by `ecgscribe evaluate`. The files are CSV with one header line. An empty cell is "
        "an undefined value. `se_low` and `se_high` are the bounds of the interval of `se`; so it "
        "is with all columns that end in `_low` and `_high`.",
    ]
    for file, table in tables.items():
        parts += [
            f"## {file}",
            f"Each row of [{file}]({file}) holds {table.content}. It has {len(table.rows):,} rows.",
            "\n".join(
                ["| column | meaning |", "| --- | --- |"]
                + [
                    f"| `{name}` | {meaning} |"
                    for name, meaning in table.columns.items()
                    if meaning
                ]
            ),
        ]
    return "\n\n".join(parts) + "\n"
