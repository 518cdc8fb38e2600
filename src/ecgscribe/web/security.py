"""What the server refuses before it looks at a request any closer.

A page of another site can make a browser send requests to this server, and a name of another
site can be made to mean this computer (DNS rebinding). So a request that changes something must
not come from another origin, and every request must name this server as its host.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["MOST_BYTES", "Guard", "Place", "is_loopback"]


MOST_BYTES = 4 * 2**20
"""Largest body of a request."""
_MOST_QUERY = 2000
_COOKIE = "ecgscribe"
_SAFE = ("GET", "HEAD", "OPTIONS")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this computer's own."""
    if host == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


@dataclass(frozen=True)
class Place:
    """Where the server listens.

    Parameters
    ----------
    host : str
        Name or address.
    port : int
    token : str or None
        What a browser must have, if others than this computer can reach the server.
    """

    host: str
    port: int
    token: str | None = None

    def is_named_by(self, host: str) -> bool:
        """Return whether the ``Host`` of a request means this server.

        An address cannot be made to mean another computer; a name can. Elsewhere than on loopback
        any address does, as a computer has several.
        """
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        if port != self.port or parts.path or parts.query or parts.fragment or "@" in host:
            return False
        if is_loopback(self.host):
            return is_loopback(name)
        return name == self.host.lower() or _address(name) is not None or is_loopback(name)


class Guard:
    """Refuses requests that are foreign, lack the token, or are too large.

    Parameters
    ----------
    app : ASGI application
        What answers the others.
    place : Place
    """

    def __init__(self, app: ASGIApp, place: Place) -> None:
        self.app, self.place = app, place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no web sockets
            return
        cookie: list[str] = []

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers.setdefault("Cache-Control", "no-store")
                for value in cookie:
                    headers.append("Set-Cookie", value)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            code, text = refusal
            await PlainTextResponse(text + "\n", code)(scope, receive, send_safely)
            return
        if self.place.token is not None and _asked(scope) == self.place.token:
            cookie.append(f"{_COOKIE}={self.place.token}; HttpOnly; SameSite=Strict; Path=/")
        await self.app(scope, _limited(receive), send_safely)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers, method = Headers(scope=scope), scope["method"]
        hosts, origin = headers.getlist("host"), headers.get("origin")
        if method not in _SAFE and origin is not None and not self._is_own(origin, hosts):
            return 403, "expected a request from this page, found one from another site"
        if len(hosts) != 1 or not self.place.is_named_by(hosts[0]):
            return 400, "expected this server as the host of a request, found another"
        token = self.place.token
        if token is not None:
            given = _asked(scope) or _from_cookie(headers)
            if not secrets.compare_digest(given.encode(), token.encode()):
                return 401, "expected the token of this server, found none; use the whole address"
        if len(scope["query_string"]) > _MOST_QUERY:
            return 414, "expected a short query, found a long one"
        return _refused_body(headers, method)

    def _is_own(self, origin: str, hosts: list[str]) -> bool:
        scheme, _, host = origin.partition("://")
        return scheme == "http" and self.place.is_named_by(host) and hosts == [host]


def _refused_body(headers: Mapping[str, str], method: str) -> tuple[int, str] | None:
    if method in _SAFE:
        return None
    if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return 415, "expected JSON, found another type of content"
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MOST_BYTES:
        return 413, f"expected at most {MOST_BYTES} bytes, found more"
    return None


def _limited(receive: Receive) -> Receive:
    """Stop reading a body that is longer than it may be, whatever length it claims."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return {"type": "http.disconnect"} if seen > MOST_BYTES else message

    return limited


def _asked(scope: Scope) -> str:
    query = parse_qs(scope["query_string"].decode("latin-1")[:_MOST_QUERY])
    return str(query.get("token", [""])[0])


def _from_cookie(headers: Mapping[str, str]) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(_COOKIE)
    except CookieError:
        return ""
    return "" if found is None else str(found.value)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
