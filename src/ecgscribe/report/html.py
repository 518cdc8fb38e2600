"""A report's page as HTML: one file, pictures and all."""

from __future__ import annotations

import base64

from ecgscribe.report.blocks import Box, Bullets, Link, Page, Picture, Table

__all__ = ["html"]


_CONTROLS = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "?")
"""What controls a terminal, by its code; names from files may hold it."""


def html(page: Page) -> str:
    """Render the page; everything that is text is escaped.

    Parameters
    ----------
    page : Page

    Returns
    -------
    str
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("ecgscribe.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["base64"] = lambda data: base64.b64encode(data).decode("ascii")
    environment.tests["table"] = lambda block: isinstance(block, Table)
    environment.tests["box"] = lambda block: isinstance(block, Box)
    environment.tests["bullets"] = lambda block: isinstance(block, Bullets)
    environment.tests["link"] = lambda cell: isinstance(cell, Link)
    environment.tests["picture"] = lambda block: isinstance(block, Picture)
    html = environment.get_template("report.html.j2").render(page=page)
    return html.translate(_CONTROLS)
