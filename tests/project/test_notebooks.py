"""The notebooks of the documentation show what their cells show when they are executed anew."""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("a_day_with_fibrillation", "first_beats")
LARGEST = 700_000


@pytest.fixture(scope="module")
def notebooks() -> ModuleType:
    pytest.importorskip("nbclient")
    spec = importlib.util.spec_from_file_location("notebooks", ROOT / "scripts" / "notebooks.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def shown(cell: Any) -> list[tuple[str, str]]:
    """Kinds and texts of what a cell shows; of a picture, the kind alone."""
    pairs: list[tuple[str, str]] = []
    for output in cell.get("outputs", []):
        assert output.output_type in ("stream", "execute_result"), output
        data = output.get("data", {output.get("name"): output.get("text")})
        pairs += sorted((kind, "" if kind == "image/png" else data[kind]) for kind in data)
    return pairs


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_shows_the_same_when_it_is_executed_anew(
    name: str, notebooks: ModuleType
) -> None:
    path = ROOT / "docs" / "notebooks" / f"{name}.ipynb"
    committed = notebooks.read(path)
    again = notebooks.executed(path)
    assert [shown(cell) for cell in again.cells] == [shown(cell) for cell in committed.cells]
    assert any(kind == "image/png" for cell in again.cells for kind, _ in shown(cell))
    assert all(cell.outputs for cell in committed.cells if cell.cell_type == "code")


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_small_and_names_no_place_of_a_machine(name: str) -> None:
    text = (ROOT / "docs" / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")
    assert len(text) < LARGEST
    places = (f"{tempfile.gettempdir()}/", f"{Path.home()}/", str(ROOT))
    assert not any(place in text for place in places)
