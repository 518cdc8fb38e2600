"""How the documentation is built: sphinx-build -W docs FOLDER, with ecgscribe[docs] installed."""

from __future__ import annotations

import sys
from pathlib import Path

import ecgscribe

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "ecgscribe"
author = "The ecgscribe developers"
copyright = author
release = version = ecgscribe.__version__

extensions = [
    "myst_nb",  # Markdown, and notebooks with what their cells showed
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.doctest",
    "sphinx_design",
    "project_pages",
]
exclude_patterns = ["_build"]
default_role = "py:obj"
suppress_warnings = ["config.cache"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # scripts/notebooks executes them

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
napoleon_google_docstring = False
napoleon_use_rtype = False

# A folder of its own for every page, with a recording in it and its known beats.
doctest_global_setup = """
import os as _os, tempfile as _tempfile
import ecgscribe
from ecgscribe.datasets.synthetic import synthesize as _synthesize
_here, _folder = _os.getcwd(), _tempfile.TemporaryDirectory()
_os.chdir(_folder.name)
_record, _known = _synthesize(duration=120, seed=3, name="mine")
ecgscribe.formats.write_record(_record, ".")
_ = ecgscribe.write(_known, "mine.ref")
"""
doctest_global_cleanup = "_os.chdir(_here); _folder.cleanup()"

html_theme = "pydata_sphinx_theme"
html_title = "ecgscribe"
html_static_path = ["_static"]
html_css_files = ["ecgscribe.css"]
html_show_sourcelink = False
# Pages that have no others beside them.
html_sidebars: dict[str, list[str]] = {"index": [], "tour": [], "faq": []}
html_show_sphinx = False
html_theme_options = {
    "logo": {"text": "ecgscribe"},
    "navbar_align": "left",
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "announcement": "A research tool, not a medical device.",
}
