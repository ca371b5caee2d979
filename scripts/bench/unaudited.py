"""The clinic that tells its trail nothing: what auditing costs is the difference."""

from healthcare.wsgi import application

from audit import receivers  # isort: skip - once the apps are there

receivers.write = lambda *args, **fields: None

__all__ = ["application"]
