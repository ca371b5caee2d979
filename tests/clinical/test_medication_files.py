"""Published catalogues into ours: every layout, twice, and what is no catalogue."""

from io import BytesIO, StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from openpyxl import load_workbook

from audit.models import AuditLog
from clinical.models import Medication
from tests.factories import ConsultationFactory, MedicationFactory, PrescriptionFactory

pytestmark = pytest.mark.django_db
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "medications"
if not SHARED.is_dir():
    SHARED = Path("/work/shared/data/medications")

ORANGE = """\
Ingredient~DF;Route~Trade_Name~Applicant~Strength~Appl_Type~Appl_No~Product_No~TE_Code~Approval_Date~RLD~RS~Type~Applicant_Full_Name
AMOXICILLIN; CLAVULANATE POTASSIUM~TABLET;ORAL~AUGMENTIN '500'~X~500MG;EQ 125MG BASE **Remark**~N~1~001~AB~~No~No~RX~X
AMOXICILLIN; CLAVULANATE POTASSIUM~TABLET;ORAL~AUGMENTIN '500'~Y~500MG;EQ 125MG BASE~N~2~001~AB~~No~No~RX~Y
ACETAMINOPHEN~TABLET, "12\" ROUND;ORAL~TYLENOL~X~325MG~N~3~001~~~No~No~OTC~X
ASPIRIN~TABLET;ORAL~GONE~X~81MG~N~4~001~~~No~No~DISCN~X
~TABLET;ORAL~NOTHING IN IT~X~81MG~N~5~001~~~No~No~RX~X
broken~row
"""
CENTRAL = """\
trade_name,ingredients,route,forms,strengths,status,fda_epc,chemical_class,mesh_pharm_action
CARBATROL,carbamazepine,ORAL,"CAPSULE, EXTENDED RELEASE",100MG|200MG,RX,Anti-epileptic Agent|Mood Stabilizer,,
"""
EMA = """\
name,inn,active_substance,atc_code,pharmacotherapeutic_group,status,url
Emend,aprepitant,aprepitant,A04AD12,Antiemetics,Authorised,x
Evusheld,a;b,a;b,,,Withdrawn,x
Protaphane,insulin human,insulin human,A10AB01;A10AC01,,Authorised,x
Newest,newestin,newestin,Not yet assigned,,Authorised,x
"""


def load(tmp_path, text):
    file = tmp_path / "file.txt"
    file.write_text(text, encoding="utf-8")
    out = StringIO()
    call_command("import_medications", str(file), stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.mark.spec("ENT-3", "WF-RX")
def test_the_orange_book(tmp_path):
    said = load(tmp_path, ORANGE)
    assert "2 added" in said and "1 rows left out" in said and "2 rejected" in said
    augmentin = Medication.objects.get(name__startswith="Augmentin")
    assert (augmentin.strength, augmentin.route) == ("500 mg / 125 mg", "oral")
    assert augmentin.ingredient_list == ("amoxicillin", "clavulanic acid")
    assert Medication.objects.search("paracetamol tylenol").count() == 1
    assert "0 added, 0 completed" in load(tmp_path, ORANGE)
    entry = AuditLog.objects.get(action="import", entity_type="medication")
    assert entry.new_values == {"file": "file.txt", "added": 2, "changed": 0}


def test_classes_and_codes(tmp_path):
    load(tmp_path, CENTRAL)
    assert set(Medication.objects.values_list("strength", "drug_class")) == {
        ("100 mg", "Anti-epileptic Agent"),
        ("200 mg", "Anti-epileptic Agent"),
    }
    assert "3 added" in load(tmp_path, EMA)
    codes = dict(Medication.objects.exclude(name__startswith="Carbatrol").values_list("name", "atc_code"))
    assert codes == {"Emend": "A04AD12", "Protaphane": "A10AB01", "Newest": ""}


def test_what_the_clinic_wrote_stays_and_what_is_empty_is_filled(tmp_path):
    mine = MedicationFactory(name="Emend", ingredients="my own words")
    assert "2 added, 1 completed" in load(tmp_path, EMA)
    mine.refresh_from_db()
    assert (mine.ingredients, mine.drug_class) == ("my own words", "Antiemetics")


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "ingredient_inn,class_type,class\n"])
def test_no_catalogue(tmp_path, text):
    with pytest.raises(CommandError, match="no catalogue"):
        load(tmp_path, text)
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_medications", str(tmp_path / "nowhere.csv"))


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no published catalogues at {SHARED}")
@pytest.mark.parametrize(("name", "least"), [("ema_medicines_2025-10.csv", 1500), ("drug_catalogue_compact.csv", 6000)])
def test_the_published_files(name, least):
    out = StringIO()
    call_command("import_medications", str(SHARED / name), stdout=out)
    assert Medication.objects.count() >= least, out.getvalue()
    call_command("import_medications", str(SHARED / name), stdout=out)
    assert "0 added, 0 completed" in out.getvalue()


@pytest.mark.spec("BYD-4", "RULE-RX-2")
def test_the_override_report(login, administrator, doctor):
    warned = [{"kind": "allergy", "severity": "high", "message": "Allergy on record", "source": "S1"}]
    for number in range(3):
        PrescriptionFactory(
            consultation=ConsultationFactory(doctor=doctor),
            safety_warnings=warned,
            override_reason=f"Tolerated before {number}",
            overridden_by_user=doctor,
            is_active=number != 2,
        )
    PrescriptionFactory()
    client = login(administrator)
    page = client.get(reverse("prescription_overrides"))
    assert len(page.context["rows"]) == 3
    text = page.content.decode()
    assert "Tolerated before 1" in text and "Allergy on record" in text and doctor.last_name in text
    for kind, count in (("allergy", 3), ("interaction", 0)):
        assert len(client.get(reverse("prescription_overrides"), {"kind": kind}).context["rows"]) == count
    export = client.get(reverse("prescription_overrides"), {"export": "xlsx"})
    texts = [str(cell.value) for row in load_workbook(BytesIO(export.getvalue())).active for cell in row]
    assert "Allergy on record (S1)" in texts


@pytest.mark.spec("BYD-4")
def test_the_override_report_reads_the_same_queries_for_more_rows(login, doctor, django_assert_max_num_queries):
    for number in range(20):
        PrescriptionFactory(override_reason=f"Reason {number}", overridden_by_user=doctor)
    client = login(doctor)
    with django_assert_max_num_queries(12):
        client.get(reverse("prescription_overrides"))
