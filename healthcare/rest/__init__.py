"""The REST API's machinery: resources are declared from pages, so that no rule is written twice."""

from healthcare.rest.resource import Nested, Resource

__all__ = ["Nested", "Resource"]
