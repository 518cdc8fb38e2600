"""A server that runs: fifty browsers at once, and ten thousand requests of garbage.

All is on loopback, and bounded in number and time.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from web.test_browser import free_port, server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc, as Linux has it"),
]

SECRET = "not-for-any-browser"
BROWSERS = 50
PER_SECOND = 1000
SECONDS = 10
MOST_SECONDS = 90
AT_ONCE = 100
PATIENCE = 5.0
"""Seconds to wait for the answer to one request."""
MOST_GROWTH = 24 * 2**20
"""Bytes: allocators keep some; what is kept once per request would be ten thousand times."""


class Served:
    """A running server, its port, and how much memory it has."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid, self.port = pid, port
        self.base = f"http://127.0.0.1:{port}"

    def memory(self) -> int:
        """Return resident bytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * 4096

    def files(self) -> int:
        """Return the number of open files and connections."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


@pytest.fixture
def served(folder: Path) -> Iterator[Served]:
    (folder.parent / "secret.txt").write_text(SECRET)
    (folder / "secret.txt").write_text(SECRET)  # no recording
    port = free_port()
    with server(folder, port) as run:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            (found,) = client.get("/api/recordings").json()
            until = time.monotonic() + 60
            while not client.get(f"/api/recordings/{found['key']}").json()["ready"]:
                assert time.monotonic() < until
                time.sleep(0.1)
        yield Served(run.pid, port)
        assert run.poll() is None, "the server ended"


def visit(base: str, number: int) -> tuple[list[bytes], int]:
    """Do what a page does when it opens, then correct a beat; return what it got."""
    who = {"reviewer": f"reader {number}"}
    with httpx.Client(base_url=base, timeout=60) as client:
        page = client.get("/")
        scripts = [client.get(f"/static/{name}.js") for name in ("app", "strip", "beats")]
        (found,) = client.get("/api/recordings").json()
        one = f"/api/recordings/{found['key']}"
        beats = client.get(f"{one}/beats", params=who)
        summary = client.get(f"{one}/summary", params=who)
        tile = client.get(f"{one}/tiles/1/0")
        answers = [page, *scripts, beats, tile]
        assert all(each.status_code == 200 for each in [*answers, summary])
        edit = {**who, "kind": "delete", "samples": beats.json()["sample"][:1]}
        assert client.post(f"{one}/edits", json=edit).status_code == 200
        after = client.get(f"{one}/summary", params=who).json()
        assert after["edits"] == 1
        return [each.content for each in answers], after["beats"]


def test_fifty_browsers_at_once_get_the_same(served: Served) -> None:
    with ThreadPoolExecutor(BROWSERS) as browsers:
        seen = list(browsers.map(visit, itertools.repeat(served.base), range(BROWSERS)))
    assert len(seen) == BROWSERS
    assert all(each == seen[0] for each in seen)


def garbage(port: int, key: str, seed: int) -> bytes:
    """Make one request that no page would send."""
    choose = random.Random(seed)
    noise = choose.randbytes(choose.randrange(1, 300))
    word = noise.hex()[:40]
    host = choose.choice([f"127.0.0.1:{port}"] * 6 + ["evil.example", "", "\x00", "a" * 300])
    one = f"/api/recordings/{key}"
    path = choose.choice([
        "/../secret.txt", "/static/../../secret.txt", "/static/%2e%2e/%2e%2e/secret.txt",
        f"/static/..%2f..%2f..%2f{word}", "//etc/passwd", "/static//etc/passwd", f"/{word}",
        f"/api/recordings/{word}", "/api/recordings/..%2fsecret.txt", f"{one}/tiles/9/9",
        f"{one}/tiles/99999999999999999999/1", f"{one}/tiles/-1/0", f"{one}/beats?reviewer={word}",
        f"{one}/summary?reviewer=%00", f"{one}/snap?sample={word}", f"{one}/export/{word}",
        f"{one}/compare?first={word}&second={word}", f"/?{'x' * 3000}", f"/%ff%fe{word}", "*",
    ])  # fmt: skip
    kind = choose.randrange(6)
    if kind == 0:
        return noise + b"\r\n\r\n"
    head = (
        f"{choose.choice(['GET', 'HEAD', 'BREW', 'OPTIONS'])} {path} HTTP/1.1\r\nHost: {host}\r\n"
    )
    if kind == 1:
        body = noise if choose.random() < 0.5 else b'{"reviewer": ' + b"[" * 200
        content = choose.choice(["application/json", "text/plain", "application/json; x"])
        length = choose.choice([str(len(body)), "99999999999", "-5", "x"])
        act = choose.choice(["edits", "undo", "marks", "adapt", "adjudicate"])
        head = (
            f"POST {one}/{act} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content}\r\n"
            f"Content-Length: {length}\r\n"
        )
        return head.encode("latin-1") + b"Connection: close\r\n\r\n" + body
    if kind == 2:
        head += f"Cookie: {noise.hex() * 4}\r\nOrigin: http://{word}\r\n"
    if kind == 3:
        head += f"X: {'y' * 70_000}\r\n"
    return head.encode("latin-1") + b"Connection: close\r\n\r\n"


async def send(port: int, request: bytes, answers: list[bytes]) -> None:
    """Send one request, and read a part of what comes back."""
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request)
                answers.append(await reader.read(4096))
            finally:
                writer.close()
    except (ConnectionError, TimeoutError):
        answers.append(b"")  # the server hung up, or waits for the rest, as it may


async def send_all(port: int, key: str, number: int, first: int = 0) -> list[bytes]:
    answers: list[bytes] = []
    slots = asyncio.Semaphore(AT_ONCE)
    begin = time.monotonic()

    async def one(k: int) -> None:
        async with slots:
            await send(port, garbage(port, key, first + k), answers)

    async with asyncio.TaskGroup() as tasks:
        for k in range(number):
            await asyncio.sleep(max(begin + k / PER_SECOND - time.monotonic(), 0))
            tasks.create_task(one(k))
            assert time.monotonic() < begin + MOST_SECONDS
    return answers


def test_garbage_does_no_harm(served: Served) -> None:
    with httpx.Client(base_url=served.base) as client:
        (found,) = client.get("/api/recordings").json()
        one = f"/api/recordings/{found['key']}"
        expected = client.get(f"{one}/beats").json()
    asyncio.run(send_all(served.port, found["key"], PER_SECOND, first=10**6))  # to warm up
    memory, files = served.memory(), served.files()
    number = PER_SECOND * SECONDS
    answers = asyncio.run(send_all(served.port, found["key"], number))
    assert len(answers) == number
    assert sum(answer.startswith(b"HTTP/1.1 ") for answer in answers) > 0.9 * number
    codes = {answer.split(b" ", 2)[1] for answer in answers if answer.startswith(b"HTTP/1.1 ")}
    assert {b"400", b"403", b"404"} - codes == set()
    assert b"500" not in codes
    assert not any(SECRET.encode() in answer or b"root:" in answer for answer in answers)
    with httpx.Client(base_url=served.base) as client:
        assert client.get(f"{one}/beats").json() == expected
        assert client.get(f"{one}/summary", params={"reviewer": "x"}).json()["edits"] == 0
    until = time.monotonic() + 20
    while served.files() > files + 10 and time.monotonic() < until:
        time.sleep(0.2)
    assert served.files() <= files + 10
    assert served.memory() <= memory + MOST_GROWTH


def test_a_body_that_never_ends_is_cut(served: Served) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(200):
            yield b" " * 2**16

    with httpx.Client(base_url=served.base, timeout=60) as client:
        (found,) = client.get("/api/recordings").json()
        memory = served.memory()
        try:
            answer = client.post(
                f"/api/recordings/{found['key']}/edits",
                content=body(),
                headers={"Content-Type": "application/json"},
            )
            assert answer.status_code >= 400
        except httpx.TransportError:
            pass  # the server hung up
        assert served.memory() <= memory + MOST_GROWTH
        assert client.get("/").status_code == 200
