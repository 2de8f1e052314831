"""The gallery's URLs."""

from django.urls import path

from demo.gallery import views

app_name = "gallery"
urlpatterns = [
    path("", views.gallery, name="gallery"),
    path("cards/", views.cards, name="cards"),
    path("upload/", views.upload, name="upload"),
    path("health/", views.health, name="health"),
    path("pictures/<int:pk>/", views.picture, name="picture"),
    path("pictures/<int:pk>/overwrite/", views.overwrite, name="overwrite"),
    path("pictures/<int:pk>/delete/", views.delete, name="delete"),
]
