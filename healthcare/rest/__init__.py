"""The REST API's machinery: resources are declared from pages, so that no rule is written twice."""

from healthcare.rest.nested import Brief, Nested
from healthcare.rest.resource import Resource

__all__ = ["Brief", "Nested", "Resource"]
