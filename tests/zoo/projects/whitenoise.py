MIDDLEWARE = ["whitenoise.middleware.WhiteNoiseMiddleware"]
SETTINGS = {
    "STORAGES": {
        "default": {"BACKEND": "s3rewrite.storage.S3RewriteStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
}
STATIC = {"EXCLUDE": ["*.gz", "*.br"]}
PAGE = """{% load static %}<link rel="stylesheet" href="{% static "a.css" %}">
<script src="{% static "a.js" %}"></script>
{% for picture in pictures %}<img src="{{ picture.image.url }}">{% endfor %}"""
