"""Django's PostgreSQL backend with one change, in `base`."""
