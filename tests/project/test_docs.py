"""The documentation: builds without a warning, and what it shows runs."""

from __future__ import annotations

import csv
import importlib.util
import os
import re
import shlex
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import click
import pytest

from ecgscribe.cli import main as program

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
TABLES = sorted((ROOT / "benchmarks" / "results").glob("*.csv"))
ROOT_CONTEXT = click.Context(program.ecgscribe, info_name="ecgscribe")
COMMAND = re.compile(r"^(?:.*\|)? *(ecgscribe [^|<>#;\n]+)", re.MULTILINE)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the finished site and, in ``doctest``, of what its examples printed."""
    out = tmp_path_factory.mktemp("docs")
    for builder in ("html", "doctest"):
        command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", builder]
        run = subprocess.run(
            [*command, "-d", str(out / "doctrees"), str(DOCS), str(out / builder)],
            cwd=out,
            env={k: v for k, v in os.environ.items() if k != "ECGSCRIBE_DATA"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
    return out


@pytest.fixture(scope="module")
def project_pages() -> ModuleType:
    return module(DOCS / "_ext" / "project_pages.py")


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = loaded  # where its dataclasses look for themselves
    spec.loader.exec_module(loaded)
    return loaded


def text(built: Path, page: str) -> str:
    return (built / "html" / f"{page}.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_every_page_is_in_the_site(built: Path) -> None:
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in PAGES}
    assert all((built / "html" / f"{page}.html").is_file() for page in pages)
    assert pages > {"index", "tour", "faq", "howto/holter", "how_it_works", "protocol"}


@pytest.mark.slow
def test_examples_in_the_text_were_run(built: Path) -> None:
    said = (built / "doctest" / "output.txt").read_text(encoding="utf-8")
    # Every page that has some, and every one of them.
    for page in PAGES:
        if n := page.read_text(encoding="utf-8").count("\n>>> "):
            name = page.relative_to(DOCS).with_suffix("").as_posix()
            ran = re.search(rf"Document: {name}\n-+\n.*?(\d+) tests", said, re.DOTALL)
            assert ran is not None, name
            assert int(ran.group(1)) == n
    assert "0 failures in tests" in said


@pytest.mark.slow
def test_site_asks_the_network_for_nothing(built: Path) -> None:
    asked = re.compile(r"""<(?:script|link|img)[^>]+(?:src|href)=["']?(?:https?:)?//[^>]*""")
    found = {
        m.group() for p in (built / "html").rglob("*.html") for m in asked.finditer(p.read_text())
    }
    assert not found


def test_every_command_and_every_public_name_is_looked_up(built: Path) -> None:
    import ecgscribe
    from ecgscribe import datasets, metrics, plots

    names = program.ecgscribe.list_commands(ROOT_CONTEXT)
    commands, reference = text(built, "commands"), text(built, "reference")
    assert all(f'id="{name}"' in commands for name in names)
    assert "--compare-with" in commands
    for package in (ecgscribe, metrics, plots, datasets):
        for name in package.__all__:
            home = "ecgscribe.live.stream" if name == "Stream" else package.__name__
            assert f'id="{home}.{name}"' in reference or name.isupper(), name


@pytest.mark.slow
def test_figures_come_from_the_benchmarks_themselves(built: Path) -> None:
    figures = set(
        re.findall(r"\d+\.\d\d \[\d+\.\d\d, \d+\.\d\d\]", (ROOT / "BENCHMARKS.md").read_text())
    )
    page = text(built, "benchmarks")
    assert len(figures) > 40
    assert all(figure in page for figure in figures)
    tables = text(built, "results")
    assert all(path.name in tables for path in TABLES)


def test_every_interval_of_the_benchmarks_is_in_their_tables() -> None:
    estimates = re.findall(r"([\d.]+) \[([\d.]+), ([\d.]+)\]", (ROOT / "BENCHMARKS.md").read_text())
    rows = [row for path in TABLES for row in path.read_text(encoding="utf-8").splitlines()[1:]]
    assert len(rows) > 1000
    every = "\n".join(f",{row}," for row in rows)
    assert all(f",{','.join(estimate)}," in every for estimate in estimates)


@pytest.mark.parametrize(
    ("page", "heading"), [("README.md", "How good it is"), ("MODEL_CARD.md", "How well it does")]
)
def test_summaries_have_the_figures_of_the_benchmarks(
    project_pages: ModuleType, page: str, heading: str
) -> None:
    measured = [(ROOT / "BENCHMARKS.md"), *TABLES]
    numbers = re.findall(r"\d+\.\d+", "\n".join(path.read_text("utf-8") for path in measured))
    values = [Decimal(number) for number in set(numbers)]
    rows = re.findall(r"^\| .*", project_pages.page(page, heading), re.MULTILINE)
    figures = {Decimal(figure) for row in rows for figure in re.findall(r"\d+\.\d+", row)}
    assert len(figures) >= 15
    for figure in figures:
        half = Decimal(5).scaleb(int(figure.as_tuple().exponent) - 1)
        assert any(abs(figure - value) <= half for value in values), figure


# The project's own pages in it


def test_page_s_links_work_in_the_site(project_pages: ModuleType) -> None:
    card = project_pages.page("MODEL_CARD.md")
    assert "[BENCHMARKS.md](benchmarks.md)" in card
    assert "{download}`NOTICE <../NOTICE>`" in card
    assert "](failures/noise.png)" in card
    assert "[BENCHMARKS.md](benchmarks.md)" in project_pages.page("benchmarks/README.md")


def test_heading_that_is_not_there_is_an_error(project_pages: ModuleType) -> None:
    assert "pacemaker" in project_pages.page("README.md", "Limits")
    with pytest.raises(ValueError, match="No such"):
        project_pages.page("README.md", "No such")


# Commands in the text


def commands(page: Path) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    joined = "\n".join(blocks).replace("\\\n", " ")
    return [line.strip() for line in COMMAND.findall(joined)]


@pytest.mark.parametrize(
    "page",
    [page for page in (*PAGES, *sorted(ROOT.glob("*.md"))) if commands(page)],
    ids=lambda path: path.stem,
)
def test_commands_in_the_text_are_ones(page: Path) -> None:
    for line in commands(page):
        words = shlex.split(line)[1:]
        command = program.ecgscribe.get_command(ROOT_CONTEXT, words[0])
        assert command is not None, line
        command.make_context(words[0], words[1:], parent=ROOT_CONTEXT)


def test_commands_of_the_tour_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = commands(DOCS / "tour.md")
    assert len(lines) >= 6
    for line in lines:
        assert program.main(shlex.split(line)[1:]) == 0, line
    assert {"demo", "out", "strip.png"} <= {path.name for path in tmp_path.iterdir()}


# Pictures


@pytest.mark.slow
def test_networks_are_drawn_as_they_are() -> None:
    for name, draw in module(DOCS / "pictures" / "draw_network.py").PICTURES.items():
        assert draw() == (DOCS / "pictures" / name).read_text(encoding="utf-8"), name


@pytest.mark.mitdb
def test_imbalance_is_counted_from_the_reference_annotations(data_dir: Path) -> None:
    with (DOCS / "pictures" / "beats.csv").open(newline="", encoding="utf-8") as file:
        told = list(csv.reader(file))
    assert module(DOCS / "pictures" / "count_beats.py").rows(data_dir=data_dir) == told
    drawn = (DOCS / "pictures" / "beats.svg").read_text(encoding="utf-8")
    assert all(number in drawn for row in told[1:] for number in (row[2], row[4]))


def test_overview_is_a_small_picture(tmp_path: Path) -> None:
    module(DOCS / "pictures" / "draw_overview.py").draw(tmp_path / "overview.png")
    drawn, there = tmp_path / "overview.png", DOCS / "pictures" / "overview.png"
    assert abs(drawn.stat().st_size - there.stat().st_size) < 0.2 * there.stat().st_size < 30_000
