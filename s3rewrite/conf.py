"""`settings.S3REWRITE` -> frozen, typed Mount objects, lazily. The only module that names settings.

`checks` report what is wrong in the settings; this module reads settings that passed them.
"""

import os
import sys
from collections.abc import Callable, Container, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from django.conf import STATICFILES_STORAGE_ALIAS, global_settings, settings
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.cache.backends.redis import RedisCache as DjangoRedisCache
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.module_loading import import_string
from django_redis.cache import RedisCache

from s3rewrite import aws_config
from s3rewrite.core import paths
from s3rewrite.core.mounts import OPTIONS, Mount
from s3rewrite.core.redaction import RedactedText, redact, redacted, without_userinfo
from s3rewrite.core.spellings import spelled_out

SETTING = "S3REWRITE"
MIDDLEWARE = "s3rewrite.middleware.S3RewriteMiddleware"


def raw() -> Any:
    """`settings.S3REWRITE` in RedactedDicts, spelled out; `{}` where it is missing."""
    written = getattr(settings, SETTING, {})
    return redacted(spelled_out(written) if isinstance(written, Mapping) else written)


def is_written() -> bool:
    """Whether the project has a setting S3REWRITE, if only an empty one."""
    return hasattr(settings, SETTING)


def names() -> list[str]:
    """The names of all settings, Django's own too."""
    return dir(settings)


def middleware() -> list[str]:
    """`settings.MIDDLEWARE`, outermost first."""
    return list(settings.MIDDLEWARE)


def private_files() -> list[str]:
    """Files of the project that must never be public: the settings, and databases of SQLite."""
    module = sys.modules.get(os.environ.get("DJANGO_SETTINGS_MODULE", ""))
    databases = [d for d in settings.DATABASES.values() if "lite" in str(d.get("ENGINE"))]
    files = [getattr(module, "__file__", None), *(database.get("NAME") for database in databases)]
    return [str(file) for file in files if file and not str(file).startswith((":memory:", "file:"))]


def uses_time_zones() -> bool:
    """`settings.USE_TZ`."""
    return bool(settings.USE_TZ)


def secret_keys() -> list[str]:
    """`settings.SECRET_KEY`, then those that it has replaced."""
    return [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def is_debug() -> bool:
    """`settings.DEBUG`."""
    return bool(settings.DEBUG)


def allowed_hosts() -> list[str]:
    """`settings.ALLOWED_HOSTS`."""
    return list(settings.ALLOWED_HOSTS)


def cookie_domains() -> list[str]:
    """The domains that get the site's cookies with all hosts below them; not its own host."""
    names = ("SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_DOMAIN")
    return [domain for name in names if (domain := getattr(settings, name, None))]


def is_https_only() -> bool:
    """Whether the site sends every visitor to HTTPS."""
    return bool(settings.SECURE_SSL_REDIRECT)


def content_security_policy() -> dict[str, Any]:
    """Directive -> sources, as Django 6 or django-csp sends them; {} where neither does."""
    installed = middleware()
    if "django.middleware.csp.ContentSecurityPolicyMiddleware" in installed:
        return dict(getattr(settings, "SECURE_CSP", None) or {})
    policy = getattr(settings, "CONTENT_SECURITY_POLICY", None)
    if policy and "csp.middleware.CSPMiddleware" in installed:
        # Where it sends a policy, it adds what is missing: csp.utils.DEFAULT_DIRECTIVES.
        return {"default-src": ["'self'"], **policy.get("DIRECTIVES", {})}
    return {}


def missing_for(mounts: Container[str]) -> dict[str, Any]:
    """Setting -> value, of what "media" and "static" need and the project does not have."""
    base = Path(getattr(settings, "BASE_DIR", "")).absolute()
    missing: dict[str, Any] = {}
    if MIDDLEWARE not in middleware():
        missing["MIDDLEWARE"] = [MIDDLEWARE]
    if "media" in mounts:
        if not settings.MEDIA_ROOT:
            missing |= {"MEDIA_URL": "/media/", "MEDIA_ROOT": str(base / "media")}
        if settings.STORAGES == global_settings.STORAGES:
            default = {"BACKEND": "s3rewrite.storage.S3RewriteStorage"}
            missing["STORAGES"] = {**settings.STORAGES, "default": default}
    if "static" in mounts and not settings.STATIC_ROOT:
        missing["STATIC_ROOT"] = str(base / "static-root")
    return missing


def use(values: Mapping[str, Any]) -> None:
    """Go on in this process as if the settings had these values, MIDDLEWARE at the end."""
    for name, value in values.items():
        whole = [*middleware(), *value] if name == "MIDDLEWARE" else value
        setattr(settings, name, whole)
        setting_changed.send(sender=use, setting=name, value=whole, enter=True)


def is_served(path: str) -> bool:
    """Whether a URL pattern takes a path of the site; also where the patterns cannot be read."""
    try:
        resolve(path)
    except Resolver404:
        return False
    except Exception:  # a mistake in the project's modules, which Django's own checks report
        return True
    return True


def aliases(setting: str) -> dict[str, Any]:
    """`settings.STORAGES` or `settings.CACHES`: alias -> its configuration."""
    return dict(getattr(settings, setting))


@lru_cache(maxsize=1)
def mounts() -> dict[str, Mount]:
    """Alias -> Mount, in the order of S3REWRITE.

    Raises ImproperlyConfigured, naming `manage.py check`, where the settings cannot be read.
    """
    try:
        return {alias: build_mount(alias, options) for alias, options in raw().items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # Without its frames: a debug page would show what is written in the settings.
        reason = f"{SETTING} cannot be read ({redact(repr(error))})"
        hint = "run 'manage.py check' to see what to fix."
        raise ImproperlyConfigured(f"{reason}; {hint}") from None


def mount(alias: str) -> Mount:
    """The mount of that alias. Raises ImproperlyConfigured, which names all mounts."""
    try:
        return mounts()[alias]
    except KeyError:
        known = ", ".join(mounts()) or "none"
        message = f"{SETTING} has no mount {alias!r} (there are: {known})."
        raise ImproperlyConfigured(message) from None


@lru_cache(maxsize=1)
def has_private() -> bool:
    """Whether any mount is private."""
    return any(mount.is_private for mount in mounts().values())


def access_rule(mount: Mount) -> Callable[[HttpRequest, Sequence[str]], Any] | None:
    """What says who may see which names of a private mount; None where ALLOW names nothing.

    Raises ImportError where it names what is not there.
    """
    if not mount.access_rule:
        return None
    rule: Callable[[HttpRequest, Sequence[str]], Any] = import_string(mount.access_rule)
    return rule


def storage_of(mount: Mount) -> Storage:
    """The storage with the files of a mount. Raises what its class raises."""
    return storages[mount.storage]


def find_storage(mount: Mount) -> Storage | None:
    """The same; None where STORAGES does not have it, as in a test, or where its class fails."""
    try:
        return storage_of(mount)
    except Exception:  # of any project's class, with any options: E005 and E019 report it
        return None


def uses_finders(mount: Mount) -> bool:
    """Whether what Django serves of a mount are other files than those that S3 has copies of.

    While DEBUG is on, it serves static files from where the finders find them (`runserver`,
    `staticfiles_urlpatterns`), and what STATIC_ROOT has of them may be old.
    """
    is_static = is_debug() and isinstance(find_storage(mount), StaticFilesStorage)
    return is_static and not mount.link_in_debug


def bucket_url(mount: Mount) -> str:
    """The URL under which the service itself shows a mount's objects."""
    client = mount.client
    place = (aws_config.endpoint_of(client), aws_config.region_of(client))
    return paths.bucket_url(mount.bucket, mount.prefix, *place)


def url_prefix(mount: Mount) -> str:
    """The local URL prefix of a mount, as its storage writes it: `/media/`.

    "" where the storage has none, or fails: that costs its own mount's links alone.
    """
    storage = find_storage(mount)
    try:
        base = getattr(storage, "base_url", None)
        return str(base) if base is not None else _before_name(storage.url("x")) if storage else ""
    except Exception:  # of any class: one that asks a service may lack the keys for it
        return ""


def _before_name(url: str) -> str:
    """The part of a URL before the name `x`; "" where the URL does not end with the name."""
    return url.removesuffix("x") if url.endswith("/x") else ""


def build_mount(alias: str, options: Mapping[str, Any]) -> Mount:
    """A mount with these options, and defaults for the others. Unknown options are left out."""
    known = {key.lower(): _clean(value) for key, value in options.items() if key in OPTIONS}
    values = redacted(known)
    if isinstance(url := options.get("REDIS"), str):
        values["redis"] = RedactedText(url)  # as it is, with its password
    client = values.get("client", {})
    endpoint, region = aws_config.endpoint_of(client), aws_config.region_of(client)
    if isinstance(values.get("allow"), str):
        values["allow"] = tuple(filter(None, values["allow"].split(",")))
    prefix = values.setdefault("prefix", f"{alias}/")
    public_url = paths.bucket_url(values["bucket"], prefix, endpoint, region)
    values.setdefault("public_url", public_url)
    # Services other than AWS may refuse the checksums that boto3 adds: theirs are opt-in.
    values.setdefault("checksums", not endpoint)
    # Without local copies, to link locally is no remedy for an outage.
    values.setdefault("probe_seconds", 2.0 if values.get("keep_local", True) else 0.0)
    if values.get("storage") == STATICFILES_STORAGE_ALIAS:
        # The script that heals pages comes from the site: it is for the time without S3.
        values["exclude"] = (*values.get("exclude", ()), "/s3rewrite/fallback.*")
    return Mount(alias=alias, **values)


def is_location_known(mount: Mount) -> bool:
    """Whether settings, environment or profile name the bucket's service, or its region of AWS."""
    return bool(endpoint(mount) or aws_config.region_of(mount.client))


def object_url(mount: Mount, key: str) -> str:
    """The URL under which the service itself shows an object; "" for a bucket without URLs."""
    root = paths.bucket_url(mount.bucket, "", endpoint(mount), aws_config.region_of(mount.client))
    return "" if mount.bucket.startswith("arn:") else root + paths.quote_name(key)


def endpoint(mount: Mount) -> str:
    """The endpoint that the settings or the environment name; "" for AWS's own."""
    return aws_config.endpoint_of(mount.client)


def place(mount: Mount) -> list[str]:
    """What says where a mount's objects are: endpoint, BUCKET, PREFIX and KEYS."""
    return [endpoint(mount), mount.bucket, mount.prefix, mount.keys]


def location_digest(mount: Mount) -> str:
    """A digest of the place of a mount's objects: a published set is about one such place.

    And about one kind of storage: what a loop published of a disk is not in the InMemoryStorage
    that takes its place in a test. All local disks are one kind, as each link looks at its file.
    """
    parts = place(mount)
    storage = find_storage(mount)
    if not isinstance(storage, FileSystemStorage):
        parts.append(f"{type(storage).__module__}.{type(storage).__qualname__}")
    return blake2b("\0".join(parts).encode(), digest_size=4).hexdigest()


def caches_beside(mount: Mount) -> str:
    """A cache, by its alias, that is in the database of a mount's registry; "" if none is."""
    if not mount.redis:
        return mount.cache
    locations = {str(cache.get("LOCATION")): alias for alias, cache in aliases("CACHES").items()}
    return locations.get(mount.redis, "")


def is_redis_cache(backend: object) -> bool:
    """Whether a cache backend, by its dotted path, is Django's for Redis or django-redis."""
    try:
        return issubclass(import_string(str(backend)), (RedisCache, DjangoRedisCache))
    except (ImportError, TypeError):
        return False


def _clean(value: Any) -> Any:
    """A value that can be hashed, without passwords in a URL, or in the URL of a CLIENT."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, Mapping) and isinstance(value.get("endpoint_url"), str):
        return {**value, "endpoint_url": without_userinfo(value["endpoint_url"])}
    return without_userinfo(value) if isinstance(value, str) else value


def _forget(*, setting: str, **_: object) -> None:
    """Read the mounts again after `override_settings`."""
    if setting == SETTING:
        mounts.cache_clear()
        has_private.cache_clear()


setting_changed.connect(_forget)
