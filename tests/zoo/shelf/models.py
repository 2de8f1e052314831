from django.db import models


class Picture(models.Model):
    image = models.ImageField(upload_to="pictures")

    def __str__(self) -> str:
        return self.image.name


class Text(models.Model):
    text = models.TextField()

    def __str__(self) -> str:
        return self.text
