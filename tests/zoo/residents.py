"""Who lives in the zoo: what is installed, what is opened, and what is expected of it. Data."""

from typing import NamedTuple


class Resident(NamedTuple):
    """A package. Its project is `projects/<module>.py`, whose names say what it looks like."""

    package: str
    module: str
    tried: str
    links: int
    """How many links to S3 its page has at least."""
    page: str = "/"
    upload: str = "/upload/"
    """Where a picture is sent to."""
    field: str = "image"
    local: str = ""
    """A pattern of URLs that rightly stay local."""
    note: str = ""
    """What a project has to know."""
    more: tuple[str, ...] = ()
    """What is installed beside it."""


JSON = '`"CONTEXTS": ["json"]` of "media", or `@s3rewrite_contexts("json")` of a view'

RESIDENTS = (
    Resident("easy-thumbnails", "easy_thumbnails", "a thumbnail by its tag", 2),
    Resident("sorl-thumbnail", "sorl", "a thumbnail by its tag", 2),
    Resident("django-imagekit", "imagekit", "two thumbnails by its tag", 3),
    Resident(
        "django-cleanup", "cleanup", "a picture that is replaced", 1,
        note='`"DELETE_MISSING": True` of "media" deletes the old ones on S3, too',
    ),
    Resident(
        "djangorestframework", "drf", "an upload to a view, and its JSON", 1,
        page="/api/?format=json", upload="/api/", note=JSON,
    ),
    Resident(
        "django-ninja", "ninja", "an upload to an operation, and its JSON", 1,
        page="/api/", upload="/api/", note=JSON,
    ),
    Resident("django-compressor", "compressor", "a compressed style sheet and script", 3),
    Resident(
        "whitenoise", "whitenoise", "compressed static files with hashes", 3,
        note='`"EXCLUDE": ["*.gz", "*.br"]` of "static": nothing links its siblings',
    ),
    Resident(
        "django-filer", "filer", "an upload in its admin, and a thumbnail", 2,
        upload="/admin/filer/clipboard/operations/upload/no_folder/", field="file",
    ),
    Resident(
        "django-ckeditor-5", "ckeditor", "an upload in the editor, and the text with it", 1,
        upload="/write/", field="upload",
    ),
    Resident("django-unfold", "unfold", "its admin", 5, page="/admin/"),
    Resident("django-debug-toolbar", "toolbar", "a page with the toolbar", 1),
    Resident(
        "django-oscar", "oscar", "a product in its catalogue", 3,
        page="/shop/catalogue/", upload="/product/", more=("sorl-thumbnail<13",),
        local="/static/oscar/js/jquery/jquery.min.js",
        note="its second way to jQuery is text in a script, and stays local",
    ),
    Resident("wagtail", "wagtail", "renditions and a document in a page", 5, upload="/photo/"),
)  # fmt: skip
