from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest


def signed_in(get_response: Any) -> Any:
    """Middleware: every visitor is the boss."""

    def middleware(request: HttpRequest) -> Any:
        request.user = User.objects.get_or_create(
            username="boss", is_staff=True, is_superuser=True
        )[0]
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        return get_response(request)

    return middleware
