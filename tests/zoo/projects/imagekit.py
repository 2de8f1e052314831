APPS = ["imagekit"]
# It takes an installed django-rq for its own.
SETTINGS = {"RQ_QUEUES": {"default": {"URL": "redis://127.0.0.1:1/0"}}}
PAGE = """{% load imagekit %}{% for picture in pictures %}<img src="{{ picture.image.url }}">
{% thumbnail '90x90' picture.image %}{% thumbnail '50x50' picture.image -- alt="x" %}{% endfor %}"""
