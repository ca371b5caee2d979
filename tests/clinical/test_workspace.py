"""The consulting room: codes, problems, templates, sig shortcuts, follow-up, versions."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from clinical import diagnosis_codes, sig
from clinical.forms.consultations import CompleteConsultationForm, ConsultationForm
from clinical.forms.problems import AddProblemForm, ChangeProblemForm, ProblemEnteredInErrorForm, TextTemplateForm
from clinical.models import Prescription, Problem, TextTemplate
from healthcare.clock import now, today
from healthcare.workflow import submit
from tests.factories import (
    ConsultationFactory,
    LabTestFactory,
    PatientAllergyFactory,
    PatientFactory,
    PrescriptionFactory,
    ProblemFactory,
    TextTemplateFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


# -- codes -----------------------------------------------------------------------------------


@pytest.mark.spec("BYD-11")
@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("I10", "I10"),
        ("j45909", "J45.909"),
        ("heart attack", "I21.9"),
        ("HTN", "I10"),
        ("hypertension essential", "I10"),
        ("T2DM", "E11.9"),
        ("UTI", "N39.0"),
        ("migraine", "G43.909"),
        ("tia", "G45.9"),
        ("i 10", "I10"),
        ("E119", "E11.9"),
        ("e 11.9", "E11.9"),
        ("E11-9", "E11.9"),
        ("broken arm", "S42.3"),
        ("fx femur", "S72.9"),
        ("chicken pox", "B01.9"),
        ("tummy ache", "R10.9"),
        ("runny nose", "J30.9"),
        ("piles", "K64.9"),
        ("breast cancer", "C50.919"),
        ("Crohns disease", "K50.90"),
        ("pain in the back, low", "M54.5"),
        ("hypertention", "I10"),
        ("newmonia", "J18.9"),
        ("arthritus rheumatoid", "M06.9"),
        ("urinary track infection", "N39.0"),
    ],
)
def test_codes_are_found_by_code_title_and_everyday_name(text, first):
    assert diagnosis_codes.search(text)[0].code == first


@pytest.mark.spec("BYD-11")
@pytest.mark.parametrize("text", ["diabtes", "diabetis, type 2", "type 2 diabetis", "E11", "2 type diabetes"])
def test_a_misspelled_diagnosis_is_found_in_any_order(text):
    assert all("diabetes" in found.text for found in diagnosis_codes.search(text))
    assert any(found.code == "E11.9" for found in diagnosis_codes.search(text))


@pytest.mark.spec("BYD-11")
@pytest.mark.parametrize(("text", "title"), [("asma", "asthma"), ("whooping cough", "whooping"), ("fx wrist", "wrist")])
def test_the_word_itself_comes_before_what_merely_holds_its_letters(text, title):
    assert title in diagnosis_codes.search(text)[0].title.lower()


@pytest.mark.spec("BYD-11")
def test_every_chapter_but_external_causes_is_there_in_full():
    listed = diagnosis_codes.codes()
    assert {code[0] for code in listed} == set("ABCDEFGHIJKLMNOPQRSTUZ")
    # One of each kind that was missing once: a cancer, a heart attack's sequel, an infection, a screening.
    assert {"C18.9", "C50.911", "I25.10", "I63.9", "A37.90", "Z12.11"} <= listed.keys()


@pytest.mark.spec("BYD-11")
@pytest.mark.parametrize("text", ["", " ", "of the", "zzzzzz", "..", "'"])
def test_what_means_nothing_finds_nothing(text):
    assert diagnosis_codes.search(text) == []


@pytest.mark.spec("BYD-11")
def test_the_search_is_for_those_who_write_notes(login, doctor, nurse):
    url = reverse("diagnosis_code_options")
    found = login(doctor).get(url, {"q": "asthma"}).json()["results"]
    assert any(row["id"].startswith("J45") for row in found)
    assert login(doctor).get(url, {"q": "\x00"}).json()["results"] == []
    assert login(nurse).get(url, {"q": "asthma"}).status_code == 403


@pytest.mark.spec("BYD-11", "WF-CONS")
def test_codes_stand_beside_the_words_and_go_to_the_problem_list(login, doctor):
    note = ConsultationFactory(doctor=doctor)
    ProblemFactory(patient=note.patient, code="I10")
    data = {"diagnosis": "Hypertension, asthma", "diagnosis_codes": ["I10", "J45.909"], "add_problems": "on"}
    form = submit(CompleteConsultationForm, actor=doctor, instance=note, data=data)
    assert form.is_valid(), form.errors
    assert [entry["code"] for entry in form.instance.diagnosis_codes] == ["I10", "J45.909"]
    assert sorted(note.patient.problems.values_list("code", flat=True)) == ["I10", "J45.909"]
    text = login(doctor).get(note.get_absolute_url()).content.decode()
    assert "J45.909 Unspecified asthma, uncomplicated" in text


@pytest.mark.spec("BYD-11")
@pytest.mark.parametrize("codes", [["X99.99"], ["<b>"], [f"A0{n}" for n in range(30)]])
def test_only_codes_of_the_list(doctor, codes):
    note = ConsultationFactory(doctor=doctor)
    form = submit(ConsultationForm, actor=doctor, instance=note, data={"diagnosis_codes": codes})
    assert "diagnosis_codes" in form.errors


# -- problems --------------------------------------------------------------------------------


@pytest.mark.spec("BYD-11", "FND-6")
def test_the_problem_list(login, doctor):
    patient = PatientFactory()
    client = login(doctor)
    url = reverse("problem_create") + f"?patient={patient.pk}"
    answer = client.post(url, {"patient": patient.pk, "code": ["E11.9"], "since": "2020-05-01"})
    assert answer.url.endswith("?tab=record")
    problem = Problem.objects.get()
    assert (problem.title, problem.noted_by_user) == ("Type 2 diabetes mellitus without complications", doctor)
    for tab in ("overview", "record"):
        assert "Type 2 diabetes" in client.get(patient.get_absolute_url(), {"tab": tab}).content.decode()
    again = submit(AddProblemForm, actor=doctor, data={"patient": patient.pk, "code": ["E11.9"], "since": today()})
    assert not again.is_valid()
    changed = {"title": "Diabetes", "code": ["E11.9"], "since": "2020-05-01", "status": "resolved"}
    assert submit(ChangeProblemForm, actor=doctor, instance=problem, data=changed).instance.resolved_on == today()
    form = submit(ProblemEnteredInErrorForm, actor=doctor, instance=problem, data={"notes": "Other patient"})
    assert form.instance.struck and not patient.problems.current().exists()


@pytest.mark.spec("BYD-11", "ROLE-2")
def test_problems_are_part_of_the_detailed_record(login, nurse, receptionist, billing_officer):
    problem = ProblemFactory(title="Zebrafish disease")
    for user in (nurse, receptionist, billing_officer):
        page = login(user).get(problem.patient.get_absolute_url()).content.decode()
        assert "Zebrafish" not in page
        with pytest.raises(PermissionDenied):
            submit(ChangeProblemForm, actor=user, instance=problem, data={})


# -- templates -------------------------------------------------------------------------------


@pytest.mark.spec("WF-CONS")
def test_everybody_has_their_own_templates(login, doctor):
    form = submit(TextTemplateForm, actor=doctor, data={"name": ".Lungs", "text": "Lungs clear."})
    assert form.instance.name == "lungs"
    assert not submit(TextTemplateForm, actor=doctor, data={"name": "lungs", "text": "x"}).is_valid()
    other = TextTemplateFactory(owner=UserFactory(role="doctor"), name="mine")
    client = login(doctor)
    assert client.get(reverse("text_template_mine")).json() == {"templates": {"lungs": "Lungs clear."}}
    assert client.get(reverse("text_template_edit", args=[other.pk])).status_code in (403, 404)
    assert client.post(reverse("text_template_delete", args=[form.instance.pk])).status_code == 302
    assert client.get(reverse("text_template_mine")).json() == {"templates": {}}
    assert TextTemplate.objects.count() == 2


# -- how to take it --------------------------------------------------------------------------


@pytest.mark.spec("WF-RX")
@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("bid", "twice a day"),
        ("TDS", "three times a day"),
        ("b.i.d.", "twice a day"),
        ("q8h prn", "every 8 hours, when needed"),
        ("qhs", "at bedtime"),
        ("twice a day with food", "twice a day with food"),
        ("on Mondays", "on Mondays"),
    ],
)
def test_abbreviations_are_written_out(typed, written):
    assert sig.written_out(typed) == written


@pytest.mark.spec("WF-RX")
@pytest.mark.parametrize(
    ("dosage", "frequency", "duration", "quantity"),
    [
        ("1 tablet", "bid", "7 days", 14),
        ("2 capsules", "q8h", "5 d", 30),
        ("1-2 tablets", "four times a day", "3 days", 24),
        ("½ tablet", "od", "1 week", 4),
        ("1 tablet", "weekly", "4 weeks", 4),
        ("1 tablet", "every other day", "2 weeks", 7),
        ("1 tablet", "daily", "1 month", 30),
        ("5 ml", "bid", "7 days", None),
        ("1 tablet", "prn", "7 days", None),
        ("1 tablet", "bid", "until gone", None),
        ("500 mg", "bid", "7 days", None),
        ("1 tablet", "q0h", "7 days", None),
        ("1/2 tablet", "once a day", "30 days", 15),
        ("¼ tablet", "once a day", "30 days", 8),
        ("1½ tablets", "once a day", "30 days", 45),
        ("1 1/2 tablets", "once a day", "30 days", 45),
        ("1-1/2 tablets", "once a day", "30 days", 45),
        ("1/2-1 tablet", "once a day", "30 days", 30),
        ("half a tablet", "once a day", "30 days", 15),
        ("two and a half tablets", "once a day", "30 days", None),
        ("2 x 1 tablet", "once a day", "30 days", None),
        ("1 tablet and 1 capsule", "once a day", "30 days", None),
        ("1 tablet", "qam qhs", "10 days", 20),
        ("1 tablet", "every morning and evening", "10 days", 20),
        ("1 tablet", "every night at bedtime", "10 days", 10),
        ("1 tablet", "twice a day with food", "10 days", 20),
        ("1 tablet", "twice a day, morning and evening", "10 days", 20),
        ("1 tablet", "twice a day and at bedtime", "10 days", None),
        ("1 tablet", "once a day on Mondays", "4 weeks", None),
        ("1 tablet", "once a day for 3 days, then twice a day", "2 weeks", None),
        ("1 tablet", "every 6 hours, at most 3", "2 days", None),
        ("1 tablet", "once a day", "2 weeks then stop", 14),
        ("1 tablet", "once a day", "1 month x 3", None),
        ("1 tablet", "once a day", "1 day or 2 weeks", None),
        ("1 tablet", "once a day" + " with food" * 2000 + "!", "7 days", None),  # soon: nothing is tried in all ways
    ],
)
def test_quantities_are_counted_where_they_can_be(dosage, frequency, duration, quantity):
    assert sig.quantity(dosage, frequency, duration) == quantity


@pytest.mark.spec("WF-RX", "RULE-RX-1")
def test_the_form_writes_out_and_counts(login, doctor, rows):
    note = ConsultationFactory(doctor=doctor)
    row = {"medication_name": "Ibuprofen 400 mg tablet", "dosage": "1 tablet", "frequency": "tid", "duration": "5 days"}
    form = submit(ConsultationForm, actor=doctor, instance=note, data=rows("prescriptions", row))
    assert form.is_valid(), form.formsets["prescriptions"].errors
    made = Prescription.objects.get()
    assert (made.frequency, made.quantity) == ("three times a day", 15)
    answer = login(doctor).get(reverse("prescription_sig"), {**row, "frequency": "bid"}).json()
    assert answer == {"frequency": "twice a day", "quantity": 10}


# -- the chart, follow-ups, versions ---------------------------------------------------------


@pytest.mark.spec("WF-CONS")
def test_what_is_wrong_in_an_order_stands_in_the_summary(login, doctor, rows):
    """Also when the note itself is right; each point leads to its field or row."""
    note = ConsultationFactory(doctor=doctor)
    PatientAllergyFactory(patient=note.patient, substance="Penicillin")
    bare = {"medication_name": "Paracetamol", "dosage": "1"}
    risky = {**bare, "medication_name": "Amoxicillin", "frequency": "bd", "duration": "5 days"}
    answer = login(doctor).post(reverse("consultation_edit", args=[note.pk]), rows("prescriptions", bare, risky))
    text = " ".join(answer.content.decode().split())
    assert '<a href="#id_prescriptions-0-frequency">Prescriptions, row 1, Frequency</a>: This field' in text
    assert '<a href="#row-prescriptions-1">Prescriptions, row 2</a>: Read the warnings' in text
    assert 'id="row-prescriptions-1"' in text and text.count('id="warnings"') == 0
    assert not note.prescriptions.exists()


@pytest.mark.spec("WF-CONS")
def test_empty_rows_are_drawn_once_for_everybody(login, doctor):
    """Another doctor's page has the same empty rows, and nothing of the first one's patient."""
    pages = []
    for writer in (doctor, UserFactory(role="doctor")):
        note = ConsultationFactory(doctor=writer)
        pages.append(login(writer).get(reverse("consultation_edit", args=[note.pk])).content.decode())
    found = [page.split("data-formset-rows>")[1].split("</template>")[0] for page in pages]
    assert found[0] == found[1] and 'name="prescriptions-0-dosage"' in found[0]


@pytest.mark.spec("WF-CONS")
def test_a_follow_up_is_booked_with_one_click(login, receptionist, doctor):
    due = today() + timedelta(days=14)
    note = ConsultationFactory(doctor=doctor, completed=True, follow_up_required=True, follow_up_date=due)
    page = login(receptionist).get(note.patient.get_absolute_url()).content.decode()
    assert f"appointment_date={due}" in page and "Follow-ups to book" in page
    assert note.diagnosis not in page
    form = login(receptionist).get(
        reverse("appointment_create"), {"patient": note.patient_id, "doctor": doctor.pk, "appointment_date": due}
    )
    assert str(due) in form.content.decode()


@pytest.mark.spec("PAGE-5", "WF-CONS")
def test_the_overview_shows_what_goes_on(login, doctor):
    patient = PatientFactory()
    note = ConsultationFactory(patient=patient, doctor=doctor)
    PrescriptionFactory(consultation=note, medication_name="Currentol")
    LabTestFactory(consultation=note, test_name="Openium")
    page = login(doctor).get(patient.get_absolute_url()).content.decode()
    assert page.index("Add allergy") < page.index("Currentol") < page.index("Openium") < page.index("Date is estimated")
    desk = login(UserFactory(role="receptionist")).get(patient.get_absolute_url()).content.decode()
    assert desk.index("Date is estimated") < desk.index("Next visits")
    workspace = login(doctor).get(
        reverse("consultation_edit", args=[ConsultationFactory(patient=patient, doctor=doctor).pk])
    )
    assert "Openium" in workspace.content.decode()


@pytest.mark.spec("PAGE-5", "WF-CONS")
def test_no_list_ends_unseen(login, doctor):
    patient = PatientFactory()
    note = ConsultationFactory(patient=patient, doctor=doctor)
    for number in range(30):
        LabTestFactory(consultation=note, test_name=f"Test {number:02}")
        PatientAllergyFactory(patient=patient, substance=f"Substance {number:02}")
        ProblemFactory(patient=patient, title=f"Problem {number:02}")
    client = login(doctor)
    chart, page = (client.get(row.get_absolute_url()).content.decode() for row in (patient, note))
    for number in range(30):
        assert f"Test {number:02}" in page and f"Test {number:02}" in chart, number
        assert f"Substance {number:02}" in chart and f"Problem {number:02}" in chart, number
    for _number in range(7):
        ConsultationFactory(patient=patient, doctor=doctor, completed=True)
    side = client.get(reverse("consultation_edit", args=[ConsultationFactory(patient=patient, doctor=doctor).pk]))
    assert [side.context[name]["count"] for name in ("past_visits", "open_orders", "results")] == ["6+", "8+", 0]
    assert f"{patient.get_absolute_url()}?tab=visits" in side.content.decode()


@pytest.mark.spec("WF-CONS")
def test_beside_the_note_the_result_that_came_last_is_the_first(login, doctor):
    note = ConsultationFactory(doctor=doctor)
    for number in range(9):
        at = now() - timedelta(days=number)
        done = {"status": "completed", "result_value": "1", "sample_collected_date": at}
        LabTestFactory(consultation=note, test_name=f"Newer {number}", ordered_date=at, result_date=at, **done)
    late = {"ordered_date": now() - timedelta(days=60), "result_date": now(), "sample_collected_date": now()}
    LabTestFactory(consultation=note, test_name="Tissue", status="completed", result_value="clear", **late)
    rows = login(doctor).get(reverse("consultation_edit", args=[note.pk])).context["results"]["rows"]
    assert [row.test_name for row in rows[:2]] == ["Tissue", "Newer 0"]


@pytest.mark.spec("RULE-CONS-5")
def test_versions_before_the_lock_are_compared(login, administrator, doctor, nurse):
    note = ConsultationFactory(doctor=doctor, chief_complaint="Cough")
    first = {"chief_complaint": "Cough", "diagnosis": "Bronchitis"}
    assert submit(CompleteConsultationForm, actor=doctor, instance=note, data=first).is_valid()
    second = {"chief_complaint": "Cough", "diagnosis": "Pneumonia"}
    assert submit(ConsultationForm, actor=doctor, instance=note, data=second).is_valid()
    url = reverse("consultation_versions", args=[note.pk])
    page = login(administrator).get(url)
    newest = page.context["versions"][0]
    assert newest["changes"] == [{"label": "Diagnosis", "old": "Bronchitis", "new": "Pneumonia"}]
    assert newest["by"] == doctor and page.context["versions"][1]["completing"]
    assert login(nurse).get(url).status_code == 403
