"""Rows whose statements are put together once: they are what Django would have written."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import factory.django
import pytest
from django.db import DatabaseError, connection, models
from django.db.models import F, Value
from django.db.models.functions import Upper
from django.db.models.sql import InsertQuery, UpdateQuery
from django.test.utils import CaptureQueriesContext

from audit.digests import canonical, mac_of
from audit.models import FEW_ROWS, AuditLog
from departments.models import Department
from healthcare import written
from healthcare.clock import now
from healthcare.crypto import SealedField
from healthcare.models import BaseModel
from patients.models import Patient
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.spec("FND-1")]

FACTORIES = [made for made in vars(factories).values() if isinstance(made, type(factory.django.DjangoModelFactory))]


def as_django_would(row: BaseModel) -> tuple[str, tuple[Any, ...]]:
    """The statement and values that Django makes for inserting this row."""
    query = InsertQuery(type(row))
    query.insert_values([field for field in row._meta.local_concrete_fields if not field.generated], [row])
    [(sql, values)] = query.get_compiler(connection=connection).as_sql()
    return sql, values


def values_of(row: BaseModel) -> list[Any] | None:
    """The values that we make of it."""
    fields = written.columns(type(row)).values()
    return written.ready(((field, plain, field.pre_save(row, True)) for field, plain in fields), connection)


def shown(values: Any) -> list[str]:
    """The values as they are compared: drivers' wrappers around JSON are equal to nothing."""
    return [repr(value) for value in values]


@pytest.mark.parametrize("made", FACTORIES, ids=lambda made: made.__name__)
def test_an_insertion_is_djangos(made, monkeypatch):
    row = made()
    for kept in (row, type(row)._base_manager.get(pk=row.pk)):
        moment = now()
        monkeypatch.setattr("django.utils.timezone.now", lambda moment=moment: moment)
        sql, values = as_django_would(kept)
        assert written.insertion(type(kept), 1) == sql
        assert shown(values_of(kept)) == shown(values)


@pytest.mark.parametrize("made", FACTORIES, ids=lambda made: made.__name__)
def test_a_change_is_djangos(made):
    row = made()
    names = [field.name for field in row._meta.local_concrete_fields if not field.primary_key and not field.generated]
    fields = [row._meta.get_field(name) for name in names]
    query = UpdateQuery(type(row))
    query.add_update_fields([(field, None, getattr(row, field.attname)) for field in fields])
    query.add_q(models.Q(pk=row.pk))
    sql, values = query.get_compiler(connection=connection).as_sql()
    empty = [getattr(row, field.attname) is None for field in fields]
    ours = written.change(type(row), tuple(field.column for field in fields)).split("%s")
    for position, nothing in enumerate(empty):
        ours[position] += "NULL" if nothing else "%s"  # Django writes it out
    where = f'"{row._meta.db_table}"."{row._meta.pk.column}"'
    assert ("".join(ours[:-1]) + "%s" + ours[-1]).replace('WHERE "id"', f"WHERE {where}") == sql.replace("(%s)", "%s")
    changed = ((*written.columns(type(row))[f.attname], getattr(row, f.attname)) for f in fields)
    ready = written.ready(changed, connection)
    assert shown(value for value in ready if value is not None) == shown(values[:-1])


def test_expressions_are_left_to_django():
    department = factories.DepartmentFactory(name="ward")
    department.name = Upper(F("name"))
    department.save()
    department.refresh_from_db()
    assert department.name == "WARD"
    made = Department.objects.create(name=Upper(Value("laboratory")))
    made.refresh_from_db()
    assert made.name == "LABORATORY"


def test_a_row_that_is_gone_is_not_thought_written():
    department = factories.DepartmentFactory()
    Department.objects.filter(pk=department.pk)._raw_delete(connection.alias)
    with pytest.raises(DatabaseError):
        department.save(update_fields=["name"])


def test_what_a_field_prepares_is_never_passed_by():
    assert written.as_it_is(SealedField()) is None
    assert written.as_it_is(models.BigAutoField(primary_key=True)) is None
    assert written.as_it_is(models.GenericIPAddressField()) is None
    assert written.as_it_is(models.EmailField()) is str
    assert written.as_it_is(models.IntegerField()) is None  # PostgreSQL's driver is told how wide it is
    # Nor what has another type than the column.
    assert written.ready([(models.BooleanField(), bool, "1")], connection) == [True]


@pytest.mark.parametrize("count", [1, 2, FEW_ROWS, FEW_ROWS + 1])
def test_audit_rows_written_together_are_read_back_as_written(count):
    patient = factories.PatientFactory()
    rows = [
        AuditLog(
            action="update",
            entity_type="patient",
            entity_id=patient.pk,
            patient_id=patient.pk,
            new_values={"amount": Decimal("1.50"), "on": now().date(), "note": f"% 'quoted' {number} \N{SNOWMAN}"},
            ip_address="2001:db8::1",
            created_at=now() + timedelta(seconds=number),
        )
        for number in range(count)
    ]
    with CaptureQueriesContext(connection) as queries:
        AuditLog.objects.bulk_create(rows)
    assert sum(query["sql"].startswith("INSERT") for query in queries) == 1
    for row in rows:
        kept = AuditLog.objects.get(pk=row.pk)
        assert kept.mac == row.mac
        assert kept.new_values["note"] == row.new_values["note"]
        assert kept.ip_address == "2001:db8::1"
        assert mac_of(canonical(kept)) == kept.mac
    assert Patient.objects.get(pk=patient.pk).patient_number == patient.patient_number
