"""What the server refuses: other sites, other hosts, other files, and what is too large."""

from __future__ import annotations

import re
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from ecgscribe.datasets.synthetic import synthesize
from ecgscribe.errors import FormatError
from ecgscribe.web.recordings import Library
from ecgscribe.web.security import MOST_BYTES, Place
from support.command_line import error_line
from support.wfdb_files import save
from web.conftest import Page, client_of

STATIC = Path(__file__).parents[2] / "src" / "ecgscribe" / "web" / "static"


def test_an_address_that_is_taken_or_unknown_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        line = error_line(capsys, "serve", str(tmp_path), "--port", str(port), code=1)
    assert f"expected to listen on 127.0.0.1:{port}, cannot (Address already in use);" in line
    line = error_line(capsys, "serve", str(tmp_path), "--host", "no.invalid", code=1)
    assert "expected to listen on no.invalid:8643, cannot" in line


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "//etc/passwd",
        "/static//etc/passwd", "/api/recordings/..%2f..%2fsecret", "/api/recordings/made.hea",
    ],
)  # fmt: skip
def test_no_path_leads_out(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("host", ["evil.example:8643", "127.0.0.1:80", "127.0.0.1", "", "a@b:8643"])
def test_a_foreign_host_gets_400(client: TestClient, host: str) -> None:
    assert client.get("/api/recordings", headers={"Host": host}).status_code == 400


def test_localhost_is_this_server(client: TestClient) -> None:
    assert client.get("/", headers={"Host": "localhost:8643"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:80"])
def test_a_change_by_another_site_gets_403_before_anything_else(page: Page, origin: str) -> None:
    for host in ("127.0.0.1:8643", "evil.example"):
        answer = page.client.post(
            page.address + "/undo", content="{", headers={"Origin": origin, "Host": host}
        )
        assert answer.status_code == 403


def test_a_change_by_the_page_itself_is_made(page: Page) -> None:
    origin = {"Origin": "http://127.0.0.1:8643"}
    answer = page.client.post(page.address + "/undo", json={"reviewer": "J"}, headers=origin)
    assert answer.status_code == 200


def test_every_answer_has_the_policy(client: TestClient) -> None:
    for path in ("/", "/static/app.js", "/api/recordings", "/nothing"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_no_script_is_in_the_page(client: TestClient) -> None:
    text = client.get("/").text
    assert text.count("<script") == text.count('<script type="module" src="/static/') == 1
    assert "style=" not in text
    assert "//" not in text.replace("<!doctype html>", "").replace("data:,", "")


def test_elsewhere_than_on_loopback_the_token_is_needed(folder: Path) -> None:
    with client_of(folder, host="192.0.2.7", token="secret") as client:
        assert client.get("/").status_code == 401
        assert client.get("/?token=wrong").status_code == 401
        assert client.get("/?token=secret").status_code == 200
        assert client.get("/api/recordings").status_code == 200  # by the cookie
    assert not Place("192.0.2.7", 8643).is_named_by("evil.example:8643")


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "1", "[" * 100_000, '{"kind": "relabel"}', '{"kind": 5}'],
)
def test_a_malformed_body_is_refused(page: Page, body: str) -> None:
    json = {"Content-Type": "application/json"}
    answer = page.client.post(page.address + "/edits", content=body, headers=json)
    assert answer.status_code == 400


def test_a_body_that_is_too_large_is_refused(page: Page) -> None:
    large = "x" * (MOST_BYTES + 1)
    assert page.post("edits", kind=large) == 413
    assert page.client.get("/?a=" + "x" * 5000).status_code == 414


@pytest.mark.parametrize("reviewer", ["x" * 81, "a\nb", 5, None])
def test_a_name_that_is_none_is_refused(page: Page, reviewer: object) -> None:
    assert page.post("undo", reviewer=reviewer) == 400


def test_a_link_out_of_the_folder_is_not_listed(folder: Path, tmp_path: Path) -> None:
    other = save(synthesize(duration=10.0, seed=2, name="other")[0], tmp_path / "elsewhere")
    (folder / "linked.hea").symlink_to(other.with_suffix(".hea"))
    (folder / "folder").symlink_to(other.parent)
    assert [each.name for each in Library([folder]).scan()] == ["made.hea"]


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text('name = "A"\n')
    with pytest.raises(FormatError, match=r"notes\.txt: expected a recording or a folder of them"):
        Library([tmp_path / "notes.txt"])


def test_a_signal_file_elsewhere_is_refused(folder: Path, tmp_path: Path) -> None:
    other = save(synthesize(duration=10.0, seed=2, name="other")[0], tmp_path / "elsewhere")
    (folder / "made.dat").unlink()
    (folder / "made.dat").symlink_to(other.with_suffix(".dat"))
    with client_of(folder) as client:
        (found,) = client.get("/api/recordings").json()
        answer = client.get(f"/api/recordings/{found['key']}")
    assert answer.status_code == 400
    assert "found made.dat elsewhere" in answer.json()["problem"]


def test_edits_that_are_a_link_elsewhere_are_refused(folder: Path, tmp_path: Path) -> None:
    edits = folder / "made.hea.review.sqlite"
    moved = edits.rename(tmp_path / "other.sqlite")
    edits.symlink_to(moved)
    before = moved.read_bytes()
    with client_of(folder) as client:
        (found,) = client.get("/api/recordings").json()
        answer = client.get(f"/api/recordings/{found['key']}")
    assert answer.status_code == 400
    assert "review.sqlite elsewhere" in answer.json()["problem"]
    assert moved.read_bytes() == before


def test_two_hosts_get_400(client: TestClient) -> None:
    hosts = [("Host", "127.0.0.1:8643"), ("Host", "127.0.0.1:8643")]
    assert client.get("/", headers=hosts).status_code == 400


def test_a_header_that_names_a_path_is_refused(folder: Path) -> None:
    header = folder / "made.hea"
    header.write_text(header.read_text().replace("made.dat", "../elsewhere/other.dat"))
    with client_of(folder) as client:
        (found,) = client.get("/api/recordings").json()
        assert client.get(f"/api/recordings/{found['key']}").status_code == 400


def test_a_name_with_markup_is_sent_as_text(tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>.npy"
    np.save(tmp_path / name, np.zeros((1000, 1), np.float32))
    with client_of(tmp_path) as client:
        answer = client.get("/api/recordings")
    assert answer.headers["content-type"] == "application/json"
    assert [each["name"] for each in answer.json()] == [name]


def test_no_module_of_the_page_makes_markup_of_text() -> None:
    modules = list(STATIC.glob("*.js"))
    assert len(modules) > 5
    for module in modules:
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|eval\(", module.read_text())


def test_fifty_at_once_get_the_same(page: Page) -> None:
    expected = page.get("/beats")
    with ThreadPoolExecutor(50) as browsers:
        answers = list(browsers.map(lambda _: page.get("/beats"), range(200)))
    assert all(answer == expected for answer in answers)
