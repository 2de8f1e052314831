"""The book: Sphinx with the theme furo; its pages are Markdown, read by MyST."""

import s3rewrite

project = "s3rewrite"
copyright = "the authors of s3rewrite"  # noqa: A001 - a name of Sphinx
version = release = s3rewrite.__version__

extensions = ["myst_parser", "sphinx_copybutton"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nitpicky = True
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "s3rewrite"
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_theme_options = {"top_of_page_buttons": []}
# Prompts are no part of a command that is copied.
copybutton_prompt_text = "$ "
