from typing import Any

from django.urls import path

MEDIA = {"CONTEXTS": ["json"]}


def urls() -> list[Any]:
    from ninja import File, ModelSchema, NinjaAPI, UploadedFile

    from tests.zoo.shelf.models import Picture

    class Pictures(ModelSchema):
        class Meta:
            model = Picture
            fields = ("id", "image")

    api = NinjaAPI()

    @api.get("/", response=list[Pictures])
    def listed(request: Any) -> Any:
        return Picture.objects.all()

    @api.post("/")
    def upload(request: Any, image: File[UploadedFile]) -> Any:
        return Picture.objects.create(image=image).pk

    return [path("api/", api.urls)]
