"""The yardstick: Django with hardly any middleware, one empty page, one page of twenty rows and one write."""

from __future__ import annotations

import django
from django.conf import settings

if not settings.configured:
    from healthcare import settings as clinic  # the same database, opened with the same options

    settings.configure(
        SECRET_KEY="bare" * 13,
        ALLOWED_HOSTS=["*"],
        DATABASES=clinic.DATABASES,
        ROOT_URLCONF=__name__,
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        USE_TZ=True,
    )
    django.setup()

from django.core.wsgi import get_wsgi_application
from django.db import models
from django.http import HttpResponse
from django.template import engines
from django.urls import path

from scripts.bench.bare_payment import pay

TABLE = engines["django"].from_string(
    "<!doctype html><title>Rows</title><table>{% for row in rows %}<tr><td>{{ row.patient_number }}</td>"
    "<td>{{ row.last_name }}</td><td>{{ row.first_name }}</td><td>{{ row.date_of_birth }}</td></tr>{% endfor %}</table>"
)


class Row(models.Model):
    """A patient, as little of one as the page shows."""

    id = models.UUIDField(primary_key=True)
    patient_number = models.CharField(max_length=20)
    first_name = models.CharField(max_length=100)
    last_name = models.CharField(max_length=100)
    date_of_birth = models.DateField()

    class Meta:
        app_label = "bare"
        managed = False
        db_table = "patients"

    def __str__(self) -> str:
        return self.patient_number


def page(request):
    """Nothing but an answer."""
    return HttpResponse("<!doctype html><title>Bare</title><p>A page.")


def rows(request):
    """Twenty rows in a table."""
    return HttpResponse(TABLE.render({"rows": Row.objects.order_by("patient_number")[:20]}))


urlpatterns = [path("page", page), path("rows", rows), path("invoices/<uuid:pk>/pay/", pay)]
application = get_wsgi_application()
