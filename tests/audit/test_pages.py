"""The audit log's pages: for administrators alone, to read, filter and export."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf import PdfReader

from audit import views
from audit.models import Action, AuditLog, AuditSeal
from audit.sealing import Sealer
from healthcare.clock import now, today, zone
from healthcare.models import new_id
from tests import factories as f

pytestmark = [pytest.mark.django_db, pytest.mark.spec("AUD-4")]
LIST = "/audit-logs/"


def told(action="view", entity_type="patient", **fields):
    return AuditLog.objects.create(action=action, entity_type=entity_type, **fields)


def listed(client, query=""):
    response = client.get(LIST + query)
    assert response.status_code == 200
    return {row["object"].pk for row in response.context["rows"]}


@pytest.mark.parametrize("role", ["doctor", "nurse", "receptionist", "billing_officer"])
def test_nobody_but_administrators(login, staff, role):
    row = told(new_values={"name": "Zebrafish"})
    for url in (LIST, LIST + "?export=xlsx", reverse("audit_log_detail", args=[row.pk])):
        response = login(staff[role]).get(url)
        assert response.status_code == 403
        assert "Zebrafish" not in response.content.decode()


@pytest.mark.spec("AUD-2")
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_there_is_nothing_to_change(login, administrator, method):
    row = told()
    for url in (LIST, reverse("audit_log_detail", args=[row.pk])):
        assert getattr(login(administrator), method)(url).status_code == 405


def test_filters(login, administrator, nurse):
    patient, key = f.PatientFactory(), new_id()
    a = told("view", patient_id=patient.pk, user=nurse, entity_id=patient.pk)
    b = told("check_in", "appointment", entity_id=key, user=administrator)
    old = told("void", "payment", created_at=datetime(2020, 5, 1, 12, tzinfo=zone()))
    client = login(administrator)
    assert listed(client, f"?user={nurse.pk}") == {a.pk}
    assert listed(client, "?action=check_in") == {b.pk}
    assert listed(client, "?entity_type=appointment") == {b.pk}
    assert listed(client, f"?entity_id={key}") == {b.pk}
    assert a.pk in listed(client, f"?patient_id={patient.pk}")
    assert b.pk not in listed(client, f"?patient_id={patient.pk}")
    assert listed(client, "?created_at_before=2020-05-01") == {old.pk}
    assert listed(client, "?created_at_after=2020-05-01&created_at_before=2020-05-01") == {old.pk}
    assert old.pk not in listed(client, f"?created_at_after={today()}")


def test_search_finds_people_patients_verbs_and_ids(login, administrator):
    maria = f.UserFactory(first_name="Maria", last_name="Quill")
    patient = f.PatientFactory(last_name="Zebrafish")
    by, about, verb = told(user=maria), told(patient_id=patient.pk), told("check_in", "appointment", entity_id=new_id())
    client = login(administrator)
    assert listed(client, "?q=maria+quill") & {by.pk, about.pk, verb.pk} == {by.pk}
    assert listed(client, "?q=zebrafish") & {by.pk, about.pk, verb.pk} == {about.pk}
    assert listed(client, "?q=check-in") == {verb.pk}
    assert listed(client, f"?q={verb.entity_id}") == {verb.pk}


@pytest.mark.spec("VAL-6")
@pytest.mark.parametrize(
    "query",
    [
        "user=x",
        "action=pry",
        "entity_id=1",
        "patient_id=%00",
        "created_at_after=31.12.",
        "q=%00",
        "entity_type=x",
        "created_at_after=0001-01-01",
        "created_at_before=9999-12-31",
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Auckland"])
def test_odd_filters_are_no_error(login, administrator, query, zone, settings):
    settings.TIME_ZONE = settings.CLINIC_TIME_ZONE = zone
    told()
    assert login(administrator).get(f"{LIST}?{query}").status_code == 200


def test_who_looked_at_this_chart(login, administrator, doctor):
    patient = f.PatientFactory(last_name="Zebrafish", first_name="Maria")
    told("view", patient_id=patient.pk, user=doctor)
    page = login(administrator).get(LIST + f"?patient_id={patient.pk}").content.decode()
    assert "Who opened or changed the chart of Zebrafish, Maria" in page
    assert str(doctor) in page


def test_old_and_new_stand_side_by_side_and_looking_is_told(login, administrator):
    patient = f.PatientFactory(last_name="Zebrafish")
    row = told(
        "update",
        entity_id=patient.pk,
        patient_id=patient.pk,
        old_values={"city": "Basel"},
        new_values={"city": "<b>Bern"},
    )
    response = login(administrator).get(reverse("audit_log_detail", args=[row.pk]))
    assert response.context["changes"] == [{"label": "City", "old": "Basel", "new": "<b>Bern"}]
    assert "&lt;b&gt;Bern" in response.content.decode()
    assert reverse("patient_detail", args=[patient.pk]) in response.content.decode()
    seen = AuditLog.objects.get(action="view", entity_type="audit_log", entity_id=row.pk)
    assert (seen.user, seen.patient_id) == (administrator, patient.pk)


@pytest.mark.spec("AUD-3")
def test_the_proof_of_an_entry_is_printed_and_that_is_told(login, administrator, settings, tmp_path):
    settings.AUDIT_HEAD_FILE = tmp_path / "audit.head"
    row = told("update", "service", old_values={"name": "Old"}, new_values={"name": "New name"})
    client, url = login(administrator), reverse("audit_log_proof", args=[row.pk])
    assert url in client.get(reverse("audit_log_detail", args=[row.pk])).content.decode()
    assert "No seal holds this entry" in text_of(client.get(url))
    Sealer().tick()
    told("view", "service")
    Sealer().tick()
    words = text_of(client.get(url))
    for expected in ("New name", AuditSeal.objects.get(number=1).root[:20], "Published head", str(row.pk)):
        assert expected in words
    assert "NO" not in words.replace("NOT", "")
    assert AuditLog.objects.filter(action="print", entity_id=row.pk, user=administrator).count() == 2


def text_of(response):
    """What the printed page says."""
    assert response["Content-Type"] == "application/pdf"
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(response.content)).pages)


@pytest.mark.spec("VAL-5")
def test_the_export_is_told_and_holds_no_formula(login, administrator):
    told("update", "service", old_values={"name": "=1+1"}, new_values={"name": "x"})
    response = login(administrator).get(LIST + "?export=xlsx&action=update")
    sheet = openpyxl.load_workbook(io.BytesIO(response.getvalue())).active
    assert [cell.value for cell in sheet[1]][:4] == ["When", "Person", "E-mail", "Action"]
    assert sheet["H2"].value == "name: =1+1"
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert AuditLog.objects.get(action="export").new_values == {"filters": ["action", "export"]}


def test_too_much_to_export_is_said_instead_of_tried(login, administrator, monkeypatch):
    monkeypatch.setattr(views, "EXPORT_CAP", 2)
    for _n in range(3):
        told("void", "payment")
    response = login(administrator).get(LIST + "?export=xlsx&action=void", follow=True)
    assert response.redirect_chain
    assert "narrow the filters" in response.content.decode()


def test_paging_walks_by_key_and_meets_every_row_once(login, administrator):
    same = now() - timedelta(days=3)
    keys = {told("void", "payment", created_at=same).pk for _n in range(60)}
    client, url, met = login(administrator), LIST + "?action=void", []
    while url:
        with CaptureQueriesContext(connection) as queries:
            response = client.get(url)
        assert not [q for q in queries if "OFFSET" in q["sql"] and "audit_logs" in q["sql"]]
        met += [row["object"].pk for row in response.context["rows"]]
        following = response.context["pager"]["next_url"]
        url = LIST + following if following else ""
    assert len(met) == len(set(met)) == 60
    assert set(met) == keys


def test_a_search_for_several_people_is_walked_like_one_list(login, administrator):
    same = now() - timedelta(days=3)
    people = [f.UserFactory(last_name="Quill") for _n in range(3)]
    keys = [told("void", "payment", user=people[n % 3], created_at=same).pk for n in range(60)]
    client, url, met = login(administrator), LIST + "?q=quill", []
    while url:
        response = client.get(url)
        met += [row["object"].pk for row in response.context["rows"]]
        following = response.context["pager"]["next_url"]
        url = LIST + following if following else ""
    assert met == sorted(keys, reverse=True)
    last = client.get(LIST + "?q=quill&page=3")
    assert [row["object"].pk for row in last.context["rows"]] == met[50:]
    oldest = client.get(LIST + "?q=quill&ordering=created_at")
    assert [row["object"].pk for row in oldest.context["rows"]] == sorted(keys)[:25]


#: Two filters that each find much and together perhaps nothing have an index of their own.
PAIRS = {
    "user={user}&action=view": "audit_logs_by_user_action",
    "user={user}&entity_type=user": "audit_logs_by_user_entity",
    "entity_type=user&action=view": "audit_logs_by_entity_action",
}


@pytest.mark.parametrize(
    "query",
    [
        *PAIRS,
        *("", "user={user}", "patient_id={patient}", "entity_id={user}", "action=view", "entity_type=user", "q={user}"),
        *("q=quill", "q=view", "ordering=created_at"),
        *("user={user}&created_at_after=2026-01-01", "created_at_before=2026-01-01"),
    ],
)
def test_each_filter_is_read_from_an_index_in_the_order_of_time(login, administrator, query, no_statistics):
    """What is neither scanned nor sorted costs the same among ten thousand rows and ten million."""
    user, patient, _namesake = f.UserFactory(last_name="Quill"), *f.PatientFactory.create_batch(2, last_name="Quill")
    client, statements = login(administrator), []

    def keep(execute, sql, params, many, context):
        if sql.startswith("SELECT") and 'FROM "audit_logs"' in sql and "LIMIT 26" in sql:
            statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        listed(client, "?" + query.format(user=user.pk, patient=patient.pk))
    assert statements
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # a table of a few rows is scanned otherwise, or any index will do
            actions = ["view", *(action for action in Action.values if action != "view")][:20]
            for number in range(400):
                entity = "user" if number < 20 else f"other_{number // 20}"
                told(actions[number % 20], entity, user=None if number % 21 else user)
            cursor.execute("ANALYZE audit_logs")
            cursor.execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off"
            )
        for sql, params in statements:
            explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
            cursor.execute(explain + sql, params)
            plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
            assert "SCAN audit_logs\n" not in plan and "Seq Scan on audit_logs" not in plan, plan
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan and "->  Sort" not in plan, plan
            assert PAIRS.get(query, "") in plan, plan


def test_the_list_runs_the_same_queries_for_one_and_many_rows(login, administrator):
    client = login(administrator)
    counts = []
    for number in (1, 24):
        for _n in range(number):
            patient = f.PatientFactory()
            told("void", "payment", user=f.UserFactory(), patient_id=patient.pk)
        client.get(LIST + "?action=void")
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST + "?action=void")
        counts.append(len(queries))
    assert counts[0] == counts[1]
