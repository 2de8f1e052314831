"""The pictures."""

from django.db import migrations, models

import demo.gallery.models


class Migration(migrations.Migration):
    """The table of pictures."""

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Picture",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=80)),
                (
                    "image",
                    models.ImageField(
                        height_field="height",
                        max_length=120,
                        upload_to=demo.gallery.models.picture_name,
                        width_field="width",
                    ),
                ),
                ("width", models.PositiveIntegerField(default=0, editable=False)),
                ("height", models.PositiveIntegerField(default=0, editable=False)),
                ("created", models.DateTimeField(auto_now_add=True)),
                ("changed", models.DateTimeField(auto_now=True)),
            ],
            options={
                "ordering": ["-created", "-pk"],
            },
        ),
    ]
