"""The first page: today's numbers for the role, the queue that it works from, small charts."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from healthcare.dashboard.charts import charts_for
from healthcare.dashboard.health import parts
from healthcare.dashboard.roles import BY_ROLE
from healthcare.generic.base import Page
from healthcare.roles import Role


class Dashboard(Page):
    """Tiles, queues and charts of the role."""

    permission = "signed_in"
    template_name = "dashboard.html"
    page_title = gettext_lazy("Today")

    def get_breadcrumbs(self) -> list[tuple[Any, str]]:
        return []

    def get(self, request: Any) -> Any:
        user = request.user
        tiles, queues = BY_ROLE[user.role](user)
        return self.render_to_response(
            self.get_context_data(
                tiles=tiles,
                queues=[queue.context(user) for queue in queues],
                charts=charts_for(user),
                health=parts() if user.role == Role.ADMINISTRATOR else [],
            )
        )
