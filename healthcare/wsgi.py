"""The WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthcare.settings")

application = get_wsgi_application()

from healthcare.startup import refuse_demo_accounts_in_production  # noqa: E402 - needs the apps

refuse_demo_accounts_in_production()
