"""The page in Django's admin: how the mounts are doing, live, and its buttons."""

from typing import Any

import redis
from django.contrib import admin, messages
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from s3rewrite import conf
from s3rewrite.core.entries import is_name
from s3rewrite.management.arguments import parse_span
from s3rewrite.models import MountStatus
from s3rewrite.monitoring.overview import find, overviews
from s3rewrite.monitoring.status import status_of
from s3rewrite.registry import loop_registry
from s3rewrite.registry.suspension import Suspensions
from s3rewrite.storage import purge
from s3rewrite.sync.hints import WHOLE
from s3rewrite.sync.reporting.journal import FAILED

PAGE = "admin:s3rewrite_mountstatus_changelist"


@admin.register(MountStatus)
class StatusAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows the mounts, can ask the loop to look at a name, or everything, and suspend a mount."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds a status."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: MountStatus | None = None) -> bool:
        """Nobody changes a status."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: MountStatus | None = None) -> bool:
        """Nobody deletes a status."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """The page, its live part, and the target of its buttons."""
        view = self.admin_site.admin_view
        return [
            path("", view(self.page), name="s3rewrite_mountstatus_changelist"),
            path("mounts/", view(self.mounts), name="s3rewrite_mounts"),
            path("ask/", view(self.ask), name="s3rewrite_ask"),
            path("suspend/", view(self.suspend), name="s3rewrite_suspend"),
            path("purge/", view(self.purge), name="s3rewrite_purge"),
        ]

    def page(self, request: HttpRequest) -> HttpResponse:
        """The whole page; with `?q=` also where a file is, and why."""
        query = request.GET.get("q", "").strip()
        context = {
            **self.admin_site.each_context(request),
            **self._context(request),
            "title": _("Files on S3"),
            "query": query,
            "found": find(query) if query else None,
        }
        return TemplateResponse(request, "s3rewrite/admin/status.html", context)

    def mounts(self, request: HttpRequest) -> HttpResponse:
        """The live part of the page."""
        return TemplateResponse(request, "s3rewrite/admin/mounts.html", self._context(request))

    def ask(self, request: HttpRequest) -> HttpResponse:
        """Ask the loop to look at a name, at all that `failed`, or at everything."""
        self._refuse_others(request)
        name = request.POST.get("name", "") or WHOLE  # the hint for everything
        try:
            mount = conf.mount(request.POST.get("mount", ""))
            if name != WHOLE and not is_name(name):
                raise ImproperlyConfigured(_("No file can have the name %r.") % name)
            names = status_of(mount).of_kind(FAILED) if "failed" in request.POST else [name]
            loop_registry(mount).hints.add(names)
        except (ImproperlyConfigured, redis.RedisError) as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, _("The loop was asked to look now."))
        return redirect(reverse(PAGE))

    def suspend(self, request: HttpRequest) -> HttpResponse:
        """Suspend a mount, `for` a time and with a reason; or `resume` it."""
        self._refuse_others(request)
        post = request.POST
        try:
            suspensions = Suspensions(loop_registry(conf.mount(post.get("mount", ""))))
            if "resume" in post:
                suspensions.resume()
            else:
                seconds = parse_span(post["for"]) if post.get("for") else None
                why = post.get("why") or _("in the admin")
                suspensions.suspend(request.user.get_username(), why, seconds)
        except (ImproperlyConfigured, ValueError, redis.RedisError) as error:
            self.message_user(request, str(error), messages.ERROR)
        return redirect(reverse(PAGE))

    def _refuse_others(self, request: HttpRequest) -> None:
        if not self._may_ask(request) or request.method != "POST":
            raise PermissionDenied

    def purge(self, request: HttpRequest) -> HttpResponse:
        """Ask whether a file is to be taken down; with `how`, the answer, have it done."""
        mount, name = (request.POST.get(key, "") for key in ("mount", "name"))
        how = request.POST.get("how", "")
        if not self._may_purge(request) or request.method != "POST":
            raise PermissionDenied
        if how not in ("local", "exclude"):
            context = {"title": _("Take down?"), "mount": mount, "name": name}
            context |= self.admin_site.each_context(request)
            return TemplateResponse(request, "s3rewrite/admin/purge.html", context)
        try:
            purge(mount, [name], **{how: True})
        except (ImproperlyConfigured, OSError, ValueError, redis.RedisError) as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            text = _("%s is being taken down; this page says so where that cannot be proved.")
            self.message_user(request, text % name)
        return redirect(reverse(PAGE))

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        may = {"may_ask": self._may_ask(request), "may_purge": self._may_purge(request)}
        return {"mounts": overviews(), **may}

    def _may_ask(self, request: HttpRequest) -> bool:
        return request.user.has_perm("s3rewrite.sync_mountstatus")

    def _may_purge(self, request: HttpRequest) -> bool:
        return request.user.has_perm("s3rewrite.purge_mountstatus")
