"""Work for the background is ordered by the same transaction as the change that asks for it."""

import pytest
from django.db import DatabaseError, transaction
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ

from healthcare.tasks import enqueue
from tests.factories import DepartmentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.spec("OPS-1")]


@pytest.fixture(autouse=True)
def _worker_elsewhere(monkeypatch):
    monkeypatch.setattr(Conf, "SYNC", False)


def test_the_order_is_there_before_the_commit_and_waits_for_no_hook():
    enqueue("scheduling.mail.send_confirmation", "a-key")
    (order,) = OrmQ.objects.all()
    assert (order.task["func"], order.task["args"]) == ("scheduling.mail.send_confirmation", ("a-key",))


def test_a_change_taken_back_orders_nothing():
    with pytest.raises(RuntimeError), transaction.atomic():
        enqueue("scheduling.mail.send_confirmation", "a-key")
        raise RuntimeError
    assert not OrmQ.objects.exists()


def test_a_broken_queue_is_logged_and_the_change_stands(monkeypatch, caplog):
    def broken(*_args):
        raise DatabaseError("no such table")

    monkeypatch.setattr(ORM, "enqueue", broken)
    with transaction.atomic():
        department = DepartmentFactory()
        enqueue("scheduling.mail.send_confirmation", "a-key")
    department.refresh_from_db()
    assert "scheduling.mail.send_confirmation was not put in the queue" in caplog.text
    assert "a-key" not in caplog.text
