APPS = ["sorl.thumbnail"]
PAGE = """{% load thumbnail %}{% for picture in pictures %}<img src="{{ picture.image.url }}">
{% thumbnail picture.image "90x90" crop="center" as small %}<img src="{{ small.url }}">
{% endthumbnail %}{% endfor %}"""
