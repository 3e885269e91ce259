"""How Sphinx builds the documentation: `make docs`."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_ext"), *(str(HERE.parent / root) for root in ("client", "router"))]

from wamprouter import __version__  # noqa: E402  (found through the line above)

project = "wamprouter"
copyright = "the wamprouter contributors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "generated"]
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3

# The reference of the client library: what __all__ names, in the order of the source, with short types.
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
maximum_signature_line_length = 100

exclude_patterns = ["_build", "_ext"]
language = "en"

html_theme = "furo"
html_title = f"wamprouter {__version__}"
html_static_path = ["_static"]
html_css_files = ["wamprouter.css"]
html_favicon = "_static/mark.svg"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": {"color-brand-primary": "#0f766e", "color-brand-content": "#0f766e"},
    "dark_css_variables": {"color-brand-primary": "#5eead4", "color-brand-content": "#5eead4"},
}
