from pathlib import Path
from typing import Any

from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from oscar import defaults

SHOP = """
oscar.config.Shop oscar.apps.analytics.apps.AnalyticsConfig
oscar.apps.checkout.apps.CheckoutConfig oscar.apps.address.apps.AddressConfig
oscar.apps.shipping.apps.ShippingConfig oscar.apps.catalogue.apps.CatalogueConfig
oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig
oscar.apps.communication.apps.CommunicationConfig oscar.apps.partner.apps.PartnerConfig
oscar.apps.basket.apps.BasketConfig oscar.apps.payment.apps.PaymentConfig
oscar.apps.offer.apps.OfferConfig oscar.apps.order.apps.OrderConfig
oscar.apps.customer.apps.CustomerConfig oscar.apps.search.apps.SearchConfig
oscar.apps.voucher.apps.VoucherConfig oscar.apps.wishlists.apps.WishlistsConfig
oscar.apps.dashboard.apps.DashboardConfig oscar.apps.dashboard.reports.apps.ReportsDashboardConfig
oscar.apps.dashboard.users.apps.UsersDashboardConfig
oscar.apps.dashboard.orders.apps.OrdersDashboardConfig
oscar.apps.dashboard.catalogue.apps.CatalogueDashboardConfig
oscar.apps.dashboard.offers.apps.OffersDashboardConfig
oscar.apps.dashboard.partners.apps.PartnersDashboardConfig
oscar.apps.dashboard.pages.apps.PagesDashboardConfig
oscar.apps.dashboard.ranges.apps.RangesDashboardConfig
oscar.apps.dashboard.reviews.apps.ReviewsDashboardConfig
oscar.apps.dashboard.vouchers.apps.VouchersDashboardConfig
oscar.apps.dashboard.communications.apps.CommunicationsDashboardConfig
oscar.apps.dashboard.shipping.apps.ShippingDashboardConfig
widget_tweaks haystack treebeard sorl.thumbnail django_tables2
django.contrib.sites django.contrib.flatpages
"""
APPS = SHOP.split()
SEARCH = "haystack.backends.simple_backend"
MIDDLEWARE_INSIDE = ["oscar.apps.basket.middleware.BasketMiddleware"]
CONTEXT_PROCESSORS = [
    "oscar.apps.search.context_processors.search_form",
    "oscar.apps.checkout.context_processors.checkout",
    "oscar.apps.communication.notifications.context_processors.notifications",
    "oscar.core.context_processors.metadata",
]
SETTINGS: dict[str, Any] = {
    **{name: value for name, value in vars(defaults).items() if name.isupper()},
    "SITE_ID": 1,
    "HAYSTACK_CONNECTIONS": {
        "default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}
    },
    "STATICFILES_DIRS": [],
}


def upload(request: HttpRequest) -> HttpResponse:
    """A product with a picture."""
    from oscar.core.loading import get_model

    kind = get_model("catalogue", "ProductClass").objects.create(name="Books")
    product = get_model("catalogue", "Product").objects.create(title="A book", product_class=kind)
    image = request.FILES["image"]
    get_model("catalogue", "ProductImage").objects.create(product=product, original=image)
    return HttpResponse(Path(image.name).name)


def urls() -> list[Any]:
    return [path("product/", upload), path("shop/", include(apps.get_app_config("oscar").urls[0]))]
