APPS = ["easy_thumbnails"]
SETTINGS = {"THUMBNAIL_ALIASES": {"": {"small": {"size": (90, 90), "crop": True}}}}
PAGE = """{% load thumbnail %}{% for picture in pictures %}<img src="{{ picture.image.url }}">
<img src="{% thumbnail picture.image 'small' %}">{% endfor %}"""
