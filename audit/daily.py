"""Once a day administrators are told how often confidential charts were opened; who and why stands in the trail."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth import get_user_model
from django.core.mail import send_mail
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.models import Action, AuditLog
from healthcare.clock import now
from healthcare.roles import roles_with


def tell_of_confidential_charts() -> int:
    """Mail the count of the past day, if there was any; no name leaves the clinic by mail."""
    since = now() - timedelta(days=1)
    count = AuditLog.objects.filter(action=Action.OPEN_CONFIDENTIAL, created_at__gte=since).count()
    people = get_user_model().objects.filter(is_active=True, role__in=roles_with("audit_logs.view"))
    if count:
        text = ngettext(
            "A confidential chart was opened since yesterday. Who and why: Audit log, %(verb)s.",
            "Confidential charts were opened %(count)s times since yesterday. Who and why: Audit log, %(verb)s.",
            count,
        )
        words = text % {"count": count, "verb": Action.OPEN_CONFIDENTIAL.label}
        send_mail(_("Confidential charts opened"), words, None, list(people.values_list("email", flat=True)))
    return count
