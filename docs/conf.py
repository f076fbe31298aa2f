"""The documentation site: sphinx-build -W docs site, or python docs/remake.py for figures of full size."""

import os
import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

# The scripts of the gallery run while the site is built. They are of full size for whoever downloads them.
os.environ.setdefault("LIDFAST_GALLERY", "quick")

project = "lidfast"
author = "The lidfast developers"
copyright = author
release = version = version("lidfast")

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",  # formulas without a network too
    "sphinx_gallery.gen_gallery",
    "command",
]
exclude_patterns = ["_benchmarks.md"]
html_theme = "pydata_sphinx_theme"
html_title = "lidfast"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "header_links_before_dropdown": 6,
    "navigation_depth": 2,
    "show_toc_level": 2,
    "navbar_align": "left",
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_show_sourcelink = False

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's sections give types as a reader wants them
default_role = "autolink"
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "gallery",
    "filename_pattern": "/plot_",
    "subsection_order": [
        f"../examples/gallery/{name}" for name in ("theory", "counts", "budgets", "kernels")
    ],
    "nested_sections": False,
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "min_reported_time": 1,
    "image_srcset": ["2x"],
}
