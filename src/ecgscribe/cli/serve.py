"""The command ``serve``."""

from __future__ import annotations

import secrets
import socket
from importlib.util import find_spec
from pathlib import Path

import click

from ecgscribe.cli import options
from ecgscribe.cli.commands import command
from ecgscribe.cli.output import print_text
from ecgscribe.cli.values import whole
from ecgscribe.errors import EcgScribeError

__all__ = ["serve"]


@command("serve data/mitdb")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=options.FILE)
@click.option(
    "--port", metavar="PORT", type=whole(1, 65535), default=8643, show_default=True,
    help="Port to listen on.",
)  # fmt: skip
@click.option(
    "--host", metavar="HOST", default="127.0.0.1", show_default=True,
    help="Address to listen on. Any but this computer's own needs the token that is printed.",
)  # fmt: skip
@options.model
@options.quiet
def serve(*, paths: tuple[Path, ...], port: int, host: str, model: str, quiet: bool) -> None:
    """Show recordings in the browser, and correct their beats.

    PATHs are recordings, or folders of them; by default the current folder.
    """
    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        raise EcgScribeError(
            "serve: expected the packages starlette and uvicorn, found none; "
            "pip install 'ecgscribe[web]'"
        )
    import uvicorn

    from ecgscribe.model.runtime import load_model
    from ecgscribe.web.app import make_app
    from ecgscribe.web.security import Place, is_loopback

    token = None if is_loopback(host) else secrets.token_urlsafe(16)
    app = make_app(paths or (Path(),), model=load_model(model), place=Place(host, port, token))
    shown = f"[{host}]" if ":" in host else host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends answers without delay only where the protocol is named.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            raise EcgScribeError(
                f"serve: expected to listen on {shown}:{port}, cannot ({error.strerror}); choose "
                "another --port or --host"
            ) from error
        if not quiet or token is not None:
            print_text(f"http://{shown}:{port}/{'' if token is None else f'?token={token}'}")
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", server_header=False))
        server.run(sockets=[listening])
