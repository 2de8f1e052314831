"""`INSTALLED_APPS += ["s3rewrite.metrics"]`: this process counts what it links."""

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured

from s3rewrite.core.counters import set_link_counter


class MetricsConfig(AppConfig):
    """The app. It has no models."""

    name = "s3rewrite.metrics"
    label = "s3rewrite_metrics"
    verbose_name = "S3 rewrite: metrics"

    def ready(self) -> None:
        """Count with prometheus_client's default registry."""
        try:
            from s3rewrite.metrics.web import WEB  # noqa: PLC0415 - registers at its import
        except ImportError as error:
            raise ImproperlyConfigured(
                "s3rewrite.metrics in INSTALLED_APPS needs prometheus_client: "
                f"pip install 's3rewrite[metrics]' ({error})"
            ) from error
        set_link_counter(WEB)
