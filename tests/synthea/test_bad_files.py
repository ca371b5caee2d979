"""What the importer does with bad rows, with rows of the old layout, and with files that are none."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from clinical.models import Consultation, LabTest, Prescription, VitalSign
from departments.models import User
from patients.models import Patient
from scheduling.models import Appointment
from tests import factories
from tests.synthea.files import HEADERS, ROWS, reasons, run, write

pytestmark = [pytest.mark.django_db, pytest.mark.spec("DATA-2")]

# -- bad rows ------------------------------------------------------------------------------------

ANA = ROWS["patients.csv"][0]
E1, E2, E3 = ROWS["encounters.csv"]
SYSTOLIC = ROWS["observations.csv"][0]
CHARGE = ROWS["claims_transactions.csv"][0]
COPAY = ROWS["claims_transactions.csv"][1]


@pytest.mark.parametrize(
    ("file", "row", "reason"),
    [
        ("patients.csv", ANA.replace("1980-02-03", "03/02/1980"), "BIRTHDATE is no date"),
        ("patients.csv", ANA.replace("1980-02-03", "2980-02-03"), "BIRTHDATE is out of range"),
        ("patients.csv", ANA.replace("1980-02-03", "2199-02-03"), "date_of_birth: The date of birth cannot be"),
        ("patients.csv", ANA.replace("1980-02-03", "1860-02-03"), "date_of_birth: The date of birth cannot be"),
        ("patients.csv", ANA.replace(",F,", ",X,"), "GENDER is neither M nor F"),
        ("patients.csv", ANA.replace("Rentería94", "123"), "last_name: This field is required"),
        ("patients.csv", ANA.replace("Walpole", "Wal\x00pole"), "city: "),
        ("patients.csv", ANA.replace("Rentería94", "\udcff\udcfe"), "LAST: Remove the control characters"),
        ("patients.csv", ANA.replace("1 Main Street", "x" * 5000), "address: "),
        ("patients.csv", ANA + ",one,two", "The row has 12 cells where the header has 10."),
        ("patients.csv", "ana,1980-02-03", "The row has 2 cells where the header has 10."),
        ("patients.csv", ANA.removeprefix("ana"), "The row has no id."),
        ("encounters.csv", E1.replace("2019-03-04T10:00:30Z", "yesterday"), "START is no date"),
        ("encounters.csv", E1.replace("ambulatory", "inpatient"), "Encounters of the class inpatient"),
        ("encounters.csv", E1.replace("T10:30:30", "T10:05:30"), "It lasted 5 minutes"),
        ("encounters.csv", E1.replace("04T10:30:30", "05T10:30:30"), "It lasted 1470 minutes"),
        ("encounters.csv", E1.replace("T10:30:30", "T09:30:30"), "It lasted -30 minutes"),
        ("encounters.csv", E1.replace("doc1", "nobody"), "providers.csv has no provider nobody"),
        ("encounters.csv", E1.replace("2019-03-04", "2150-03-04"), "It has not taken place yet."),
        ("encounters.csv", E1.replace("2019-03-04", "1979-03-04"), "appointment_date: This is before"),
        ("encounters.csv", E1.replace("Sinusitis (disorder)", "y" * 900), "REASONDESCRIPTION has 900 characters"),
        ("observations.csv", SYSTOLIC.replace("120.5", "NaN"), "VALUE is no number"),
        ("observations.csv", SYSTOLIC.replace("120.5", "1e400"), "VALUE is no number"),
        ("observations.csv", SYSTOLIC.replace("mm[Hg]", "kPa"), "The unit is not mm[Hg]."),
        ("observations.csv", SYSTOLIC.replace(",e1,", ",e9,"), "encounters.csv has no such encounter"),
        ("observations.csv", SYSTOLIC.replace("ana", "zoe"), "patients.csv has no such patient."),
        ("medications.csv", "soon,,ana,e1,1,Ibuprofen", "START is no date"),
        ("medications.csv", "2019-03-04,2018-03-04,ana,e1,1,Ibuprofen", "STOP is before START."),
        ("medications.csv", "2019-03-04,,ana,e1,1,Ibu\x01profen", "DESCRIPTION: Remove the control"),
        ("conditions.csv", "never,,ana,e1,1,Gout (disorder)", "START"),
        ("allergies.csv", "2019-03-04,,ana,e1,1,,,,,", "substance: This field is required."),
        ("claims_transactions.csv", CHARGE.replace(",85.55,,", ",85.54,,"), "AMOUNT is not UNITS times UNITAMOUNT."),
        ("claims_transactions.csv", CHARGE.replace(",1,85.55", ",-1,85.55"), "quantity: "),
        ("claims_transactions.csv", CHARGE.replace(",1,85.55", ",1,NaN"), "unit_price: "),
        ("claims_transactions.csv", CHARGE.replace("CHARGE", "REFUND"), "A REFUND is neither"),
        ("claims_transactions.csv", CHARGE.replace("c1", "c9"), "claims.csv has no such claim"),
        ("claims_transactions.csv", f"{CHARGE}\n{COPAY.replace('50.00', '85.56')}", "amount: At most"),
        ("claims_transactions.csv", f"{CHARGE}\n{COPAY.replace('50.00', '0.00')}", "amount: "),
        ("claims_transactions.csv", f"{CHARGE}\n{COPAY.replace('COPAY', 'GOLD')}", "METHOD is unknown: GOLD"),
        ("claims_transactions.csv", COPAY, "There is no invoice that this could pay."),
    ],
)
def test_bad_row_is_rejected_with_its_reason(tmp_path, file, row, reason):
    result = run(write(tmp_path / "set", {file: [row]}), tmp_path)
    last = max(line for line in reasons(result, file))
    assert reasons(result, file)[last].startswith(reason)
    connection.check_constraints()


def test_bad_measurement_is_left_out_and_the_others_are_kept(tmp_path):
    rows = [*ROWS["observations.csv"][:3], SYSTOLIC.replace("8480-6", "8867-4").replace("mm[Hg]", "/min")]
    rows[3] = rows[3].replace("120.5", "500")
    result = run(write(tmp_path / "set", {"observations.csv": rows}), tmp_path)
    vital_signs = VitalSign.objects.get()
    assert (vital_signs.systolic_bp, vital_signs.pulse_rate) == (121, None)
    assert list(reasons(result, "observations.csv")) == [5]


def test_systolic_below_diastolic_is_left_out(tmp_path):
    rows = [SYSTOLIC.replace("120.5", "70"), *ROWS["observations.csv"][1:3]]
    result = run(write(tmp_path / "set", {"observations.csv": rows}), tmp_path)
    assert "diastolic" in reasons(result, "observations.csv")[2]
    assert VitalSign.objects.get().systolic_bp is None


def test_overlapping_encounter_of_a_provider_is_rejected(tmp_path):
    late = E3.replace("11:00:00", "10:20:00").replace("12:00:00", "11:20:00")
    # The later one goes, although its patient comes first in the file.
    patients = ROWS["patients.csv"][::-1]
    changes = {"encounters.csv": [late, E1, E2], "patients.csv": patients}
    result = run(write(tmp_path / "set", changes), tmp_path)
    assert reasons(result, "encounters.csv") == {2: "The provider has another encounter at this time."}
    assert Appointment.objects.count() == 2


def test_encounter_gives_way_to_what_the_diary_holds(tmp_path):
    folder = write(tmp_path / "set")
    run(folder, tmp_path)
    doctor = User.objects.get(role="doctor")
    factories.AppointmentFactory(doctor=doctor, appointment_date=date(2021, 3, 4), appointment_time=time(10, 0))
    later = E2.replace("e2,", "e4,").replace("2020-", "2021-")
    result = run(write(folder, {"encounters.csv": [E1, E2, E3, later]}), tmp_path)
    assert reasons(result, "encounters.csv") == {5: "The provider has another encounter at this time."}


@pytest.mark.parametrize("name", ["patients.csv", "encounters.csv", "claims.csv", "payers.csv"])
def test_repeated_id_is_rejected_or_known(tmp_path, name):
    result = run(write(tmp_path / "set", {name: [*ROWS[name], ROWS[name][0]]}), tmp_path)
    rows, imported, known, rejected = result.table[name]
    assert rows == imported + known + rejected
    again = run(tmp_path / "set", tmp_path)
    assert again.counts == result.counts


def test_old_layout_names_the_organization(tmp_path):
    providers = ["doc0,org1,Idle1 Person1,F,DERMATOLOGY,0", *ROWS["providers.csv"]]
    encounters = [row.replace("doc1", "org1") for row in ROWS["encounters.csv"]]
    run(write(tmp_path / "set", {"providers.csv": providers, "encounters.csv": encounters}), tmp_path)
    assert User.objects.filter(role="doctor").count() == 2
    assert set(Appointment.objects.values_list("doctor__last_name", flat=True)) == {"O'Hara"}


def test_old_layout_has_no_category_and_mere_dates(tmp_path):
    folder = write(tmp_path / "set", {"observations.csv": None, "procedures.csv": None, "medications.csv": None})
    observations = [
        "DATE,PATIENT,ENCOUNTER,CODE,DESCRIPTION,VALUE,UNITS,TYPE",
        "2019-03-04,ana,e1,8331-1,Oral temperature,37.04,Cel,numeric",
        "2019-03-04,ana,e1,6298-4,Potassium,4.2,mmol/L,numeric",
        "2019-03-04,ana,e1,4548-4,Hemoglobin A1c/Hemoglobin.total in Blood,5.5,%,numeric",
        "2019-03-04,ana,e1,5778-6,Color of Urine,Yellow (qualifier value),{nominal},text",
        "2019-03-04,ana,e1,71802-3,Housing status,Homeless,{nominal},text",
        "2019-03-04,ana,e1,19926-5,FEV1/FVC,80.0,%,numeric",
        "2019-03-04,ana,e1,39156-5,Body Mass Index,20.0,kg/m2,numeric",
    ]
    (folder / "observations.csv").write_text("\n".join(observations))
    procedures = "DATE,PATIENT,ENCOUNTER,CODE,DESCRIPTION,BASE_COST\n2019-03-04,ana,e1,9,Throat culture,85.55\n"
    (folder / "procedures.csv").write_text(procedures)
    medications = "START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION\n2019-03-04,2019-03-14,ana,e1,1,Ibuprofen\n"
    (folder / "medications.csv").write_text(medications)
    result = run(folder, tmp_path)
    assert list(LabTest.objects.order_by("test_name").values_list("test_name", flat=True)) == [
        "Color of Urine",
        "Hemoglobin A1c/Hemoglobin.total in Blood",
        "Potassium",
    ]
    assert VitalSign.objects.get().temperature_celsius == Decimal("37.0")
    assert list(reasons(result, "observations.csv")) == [6, 7, 8]
    sampled = LabTest.objects.values_list("sample_collected_date", "result_date").distinct()
    assert list(sampled) == [(datetime(2019, 3, 4, 10, 0, 30, tzinfo=UTC),) * 2]
    assert Prescription.objects.get().discontinued_at == datetime(2019, 3, 14, tzinfo=UTC)
    assert Consultation.objects.filter(treatment_plan="Procedures: Throat culture").count() == 1


# -- bad files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["patients.csv", "providers.csv", "encounters.csv"])
def test_missing_file_is_said(tmp_path, name):
    with pytest.raises(CommandError, match=name):
        run(write(tmp_path / "set", {name: None}), tmp_path)


@pytest.mark.parametrize("name", sorted({*HEADERS} - {"patients.csv", "providers.csv", "encounters.csv"}))
def test_other_files_may_be_absent(tmp_path, name):
    run(write(tmp_path / "set", {name: None}), tmp_path)
    assert Patient.objects.count() == 2


def test_missing_column_is_said(tmp_path):
    folder = write(tmp_path / "set")
    text = (folder / "patients.csv").read_text(encoding="utf-8")
    (folder / "patients.csv").write_text(text.replace("BIRTHDATE", "BORN"), encoding="utf-8")
    with pytest.raises(CommandError, match=r"patients\.csv lacks the columns BIRTHDATE"):
        run(folder, tmp_path)
    assert not Patient.objects.exists()


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02\xff\xfe", b'"' + b"x" * 1_200_000, b"%PDF-1.7\n%%EOF\n"])
def test_file_that_is_no_table_is_said(tmp_path, content):
    folder = write(tmp_path / "set")
    (folder / "patients.csv").write_bytes(content)
    with pytest.raises(CommandError, match=r"patients\.csv"):
        run(folder, tmp_path)


def test_huge_cell_is_rejected_and_the_rest_goes_on(tmp_path):
    huge = ANA.replace("ana,", "cy,").replace("1 Main Street", "x" * 1_200_000)
    result = run(write(tmp_path / "set", {"patients.csv": [huge, *ROWS["patients.csv"]]}), tmp_path)
    assert Patient.objects.count() == 2
    assert reasons(result, "patients.csv")[2].startswith("The line cannot be read")


def test_rejects_are_no_formulas(tmp_path):
    row = SYSTOLIC.replace("8480-6", "=1+1").replace(",e1,", ",=cmd,")
    result = run(write(tmp_path / "set", {"observations.csv": [row]}), tmp_path)
    assert [row["id"][:2] for row in result.rejects if row["file"] == "observations.csv"] == ["'="]


@pytest.mark.parametrize("options", [{"limit_patients": 0}, {"directory": "/nowhere"}])
def test_bad_arguments_are_said(tmp_path, options):
    folder = options.pop("directory", str(write(tmp_path / "set")))
    with pytest.raises(CommandError):
        call_command("import_synthea", folder, rejects=tmp_path / "r.csv", **options)
