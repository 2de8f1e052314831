APPS = ["compressor"]
SETTINGS = {
    "COMPRESS_ENABLED": True,
    "COMPRESS_CSS_HASHING_METHOD": "content",
    "STATICFILES_FINDERS": [
        "django.contrib.staticfiles.finders.FileSystemFinder",
        "django.contrib.staticfiles.finders.AppDirectoriesFinder",
        "compressor.finders.CompressorFinder",
    ],
}
PAGE = """{% load compress static %}
{% compress css %}<link rel="stylesheet" href="{% static "a.css" %}">{% endcompress %}
{% compress js %}<script src="{% static "a.js" %}"></script>{% endcompress %}
{% for picture in pictures %}<img src="{{ picture.image.url }}">{% endfor %}"""
