from typing import Any

APPS = ["debug_toolbar"]
MIDDLEWARE = ["debug_toolbar.middleware.DebugToolbarMiddleware"]
SETTINGS = {
    "DEBUG": True,
    "INTERNAL_IPS": ["127.0.0.1"],
    "DEBUG_TOOLBAR_PANELS": [
        "debug_toolbar.panels.sql.SQLPanel",
        "debug_toolbar.panels.staticfiles.StaticFilesPanel",
        "s3rewrite.panels.S3RewritePanel",
    ],
}
STATIC = {"LINK_IN_DEBUG": True}
PAGE = (
    """<body>{% for picture in pictures %}<img src="{{ picture.image.url }}">{% endfor %}</body>"""
)


def urls() -> list[Any]:
    from debug_toolbar.toolbar import debug_toolbar_urls

    return list(debug_toolbar_urls())
