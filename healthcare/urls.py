"""Every page's address: the source specification's resource names."""

from django.contrib import admin
from django.urls import include, path

from healthcare.api import api_urls
from healthcare.api_pages import OpenApi, RedocPage, SwaggerPage
from healthcare.checklist import Checklist
from healthcare.dashboard import Dashboard
from healthcare.dashboard.health import FailedTasks
from healthcare.fhir.views import fhir_urls
from healthcare.health import Healthz, Readyz
from healthcare.metrics import Metrics
from healthcare.rest.answers import handler400, handler500
from healthcare.rest.routes import NoSuchPath
from healthcare.search import SearchPage, SearchSuggestions

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", Dashboard.as_view(), name="dashboard"),
    path("tasks/failed/", FailedTasks.as_view(), name="failed_tasks"),
    path("setup/checklist/", Checklist.as_view(), name="checklist"),
    path("search/", SearchPage.as_view(), name="search"),
    path("search/suggestions/", SearchSuggestions.as_view(), name="search_suggestions"),
    path("healthz", Healthz.as_view(), name="healthz"),
    path("readyz", Readyz.as_view(), name="readyz"),
    path("metrics", Metrics.as_view(), name="metrics"),
    path("api/v1/openapi.json", OpenApi.as_view(), name="openapi"),
    path("docs", SwaggerPage.as_view(), name="api_docs"),
    path("redoc", RedocPage.as_view(), name="api_redoc"),
    path("api/v1/", include(api_urls)),
    path("api/v1", NoSuchPath.as_view(), name="api_no_such_path"),
    path("fhir/", include(fhir_urls)),
    path("", include("departments.urls")),
    path("", include("patients.urls")),
    path("", include("scheduling.urls")),
    path("", include("clinical.urls")),
    path("", include("billing.urls")),
    path("", include("reporting.urls")),
    path("", include("audit.urls")),
]

__all__ = ["handler400", "handler500", "urlpatterns"]
