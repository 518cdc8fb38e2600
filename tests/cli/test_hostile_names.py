"""Names that are no plain text, in every output that a person looks at."""

from __future__ import annotations

from pathlib import Path
from xml.dom import minidom

import pytest

from ecgscribe.cli.main import main
from support.command_line import error_line


@pytest.fixture(params=[r"$\frac$", "e\x1b[31m", "e\x9b31m", "L" * 200, "心電図"])
def odd(request: pytest.FixtureRequest, good: Path) -> Path:
    """A recording with an odd name, and lead names that are as odd."""
    name = str(request.param)
    header = good.with_name(f"{name}.hea")
    text = good.with_suffix(".hea").read_text(encoding="utf-8").replace("good ", "odd ", 1)
    header.write_text(text.replace(" ECG1", f" {name}"), encoding="utf-8")
    good.with_name(f"{name}.ref").write_bytes(good.with_suffix(".ref").read_bytes())
    return header.with_suffix("")


@pytest.mark.slow
def test_names_are_plain_text_in_pictures_and_pages(
    odd: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture, page, why = (tmp_path / name for name in ("a.svg", "a.html", "b.svg"))
    assert main(["plot", str(odd), "--annotator", "ref", "-o", str(picture)]) == 0
    assert main(["report", str(odd), "--annotator", "ref", "-o", str(page)]) == 0
    assert main(["explain", str(odd), "--at", "10", "-o", str(why)]) == 0
    minidom.parse(str(picture))
    minidom.parse(str(why))
    shown = [file.read_text(encoding="utf-8") for file in (picture, page, why)]
    for text in (*shown, *capsys.readouterr()):
        assert not {"\x1b", "\x9b"} & set(text)


def test_nul_in_an_argument_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "NUL" in error_line(capsys, "info", "a\0b", code=2)
