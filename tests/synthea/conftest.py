"""The files name moments in UTC, and so does what these tests expect of the wall clock."""

import pytest


@pytest.fixture(autouse=True)
def _in_utc(in_utc):
    pass
