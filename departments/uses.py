"""Who works in a department, and what somebody has not saved yet."""

from django.utils.translation import gettext_lazy as _

from departments.drafts import FormDraft
from departments.models import User
from healthcare.uses import Use

USES = [
    Use(
        "departments.Department",
        _("active members of staff"),
        lambda department: User.objects.filter(department=department, is_active=True),
        "user_list",
        lambda department: {"department": department.pk},
    ),
    Use("departments.User", _("drafts not saved"), lambda user: FormDraft.objects.filter(user=user)),
]
