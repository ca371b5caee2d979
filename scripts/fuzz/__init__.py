"""Throws thousands of generated requests at the API, as each role (schemathesis)."""
