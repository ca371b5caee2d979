"""Where Synthea's files are, what an import did, and small files made for one test."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

SHARED = Path(settings.BASE_DIR).parent / "shared" / "data" / "synthea"


def directory(name):
    """The folder of a set. CI has it and fails without; elsewhere its tests are skipped, saying so."""
    path = SHARED / name
    if not path.is_dir():
        message = f"Synthea's files are missing: {path}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return path


def read(path):
    """A CSV file's rows."""
    with Path(path).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def counts():
    """How many rows each table of the project holds."""
    labels = ("audit", "departments", "patients", "scheduling", "clinical", "billing", "reporting")
    return {
        model._meta.db_table: model._default_manager.count()
        for label in labels
        for model in apps.get_app_config(label).get_models()
    }


@dataclass
class Imported:
    """What one run of the command said and wrote."""

    said: str
    rejects: list[dict]
    counts: dict[str, int]
    #: file -> rows, imported, known, rejected, as the printed table has them.
    table: dict[str, tuple[int, ...]] = field(default_factory=dict)


def run(path, tmp_path, **options):
    """Import a folder."""
    said, rejects = StringIO(), Path(tmp_path) / "rejects.csv"
    call_command("import_synthea", str(path), rejects=rejects, stdout=said, **options)
    table = {}
    for line in said.getvalue().splitlines():
        words = line.split()
        if len(words) == 5 and words[0].endswith(".csv"):
            table[words[0]] = tuple(int(word.replace(",", "")) for word in words[1:])
    return Imported(said.getvalue(), read(rejects), counts(), table)


def reasons(result, file):
    """{line: reason} of a file's rejects."""
    return {int(row["line"]): row["reason"] for row in result.rejects if row["file"] == file}


# -- small files --------------------------------------------------------------------------------

HEADERS = {
    "payers.csv": "Id,NAME,ADDRESS,CITY,STATE_HEADQUARTERED,ZIP,PHONE",
    "providers.csv": "Id,ORGANIZATION,NAME,GENDER,SPECIALITY,ENCOUNTERS",
    "patients.csv": "Id,BIRTHDATE,DEATHDATE,FIRST,LAST,GENDER,ADDRESS,CITY,STATE,ZIP",
    "payer_transitions.csv": "PATIENT,MEMBERID,START_DATE,END_DATE,PAYER",
    "encounters.csv": "Id,START,STOP,PATIENT,PROVIDER,PAYER,ENCOUNTERCLASS,CODE,DESCRIPTION,REASONDESCRIPTION",
    "conditions.csv": "START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION",
    "allergies.csv": "START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION,DESCRIPTION1,SEVERITY1,DESCRIPTION2,SEVERITY2",
    "observations.csv": "DATE,PATIENT,ENCOUNTER,CATEGORY,CODE,DESCRIPTION,VALUE,UNITS,TYPE",
    "medications.csv": "START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION",
    "procedures.csv": "START,STOP,PATIENT,ENCOUNTER,CODE,DESCRIPTION,BASE_COST",
    "immunizations.csv": "DATE,PATIENT,ENCOUNTER,CODE,DESCRIPTION,BASE_COST",
    "claims.csv": "Id,PATIENTID,APPOINTMENTID",
    "claims_transactions.csv": (
        "ID,CLAIMID,PATIENTID,TYPE,AMOUNT,METHOD,FROMDATE,PROCEDURECODE,NOTES,UNITS,UNITAMOUNT,PAYMENTS"
    ),
}

#: Two patients of one doctor: Ana's two visits with everything, Bo's one with nothing.
ROWS = {
    "payers.csv": ["pay1,Aetna,,,,,1-800-555-0100", "pay0,NO_INSURANCE,,,,,"],
    "providers.csv": ["doc1,org1,María José12 O'Hara34,F,GENERAL PRACTICE,3"],
    "patients.csv": [
        "ana,1980-02-03,,Ana Lucía12,Rentería94,F,1 Main Street,Walpole,Massachusetts,02081",
        "bo,1950-01-01,2020-05-05,Bo7,Wuckert783,M,2 Main Street,Walpole,Massachusetts,",
    ],
    "payer_transitions.csv": [
        "ana,M-2,2019-01-01T00:00:00Z,2020-01-01T00:00:00Z,pay1",
        "ana,M-1,2018-01-01T00:00:00Z,2019-01-01T00:00:00Z,pay0",
    ],
    "encounters.csv": [
        "e1,2019-03-04T10:00:30Z,2019-03-04T10:30:30Z,ana,doc1,pay1,ambulatory,100,Encounter for problem,"
        "Sinusitis (disorder)",
        "e2,2020-03-04T10:00:00Z,2020-03-04T10:15:59Z,ana,doc1,pay1,wellness,101,General examination (procedure),",
        "e3,2019-03-04T11:00:00Z,2019-03-04T12:00:00Z,bo,doc1,pay0,emergency,102,Emergency room admission,",
    ],
    "conditions.csv": [
        "2019-03-04,2019-03-20,ana,e1,1,Sinusitis (disorder)",
        "2019-03-04,,ana,e1,2,Essential hypertension (disorder)",
        "2019-03-04,,ana,e1,3,Full-time employment (finding)",
    ],
    "allergies.csv": ["2019-03-04,,ana,e1,7984,Penicillin V,Eruption of skin (disorder),SEVERE,Cough (finding),MILD"],
    "observations.csv": [
        "2019-03-04T10:00:30Z,ana,e1,vital-signs,8480-6,Systolic Blood Pressure,120.5,mm[Hg],numeric",
        "2019-03-04T10:00:30Z,ana,e1,vital-signs,8462-4,Diastolic Blood Pressure,79.4,mm[Hg],numeric",
        "2019-03-04T10:00:30Z,ana,e1,vital-signs,8310-5,Body temperature,36.65,Cel,numeric",
        "2019-03-04T10:00:30Z,ana,e1,laboratory,6298-4,Potassium,4.2,mmol/L,numeric",
        "2019-03-04T10:00:30Z,ana,e1,laboratory,5778-6,Color of Urine,Yellow (qualifier value),{nominal},text",
        "2019-03-04T10:00:30Z,ana,e1,survey,71802-3,Housing status,I have housing,,text",
        "2019-03-04T10:00:30Z,ana,,,QALY,QALY,39.0,a,numeric",
    ],
    "medications.csv": [
        "2019-03-04T10:00:30Z,2019-03-14T10:00:30Z,ana,e1,1,Ibuprofen 200 MG Oral Tablet",
        "2020-03-04T10:00:00Z,,ana,e2,2,Simvastatin 20 MG Oral Tablet",
    ],
    "procedures.csv": ["2019-03-04T10:00:30Z,2019-03-04T10:10:30Z,ana,e1,9,Throat culture (procedure),85.55"],
    "immunizations.csv": ["2020-03-04T10:00:00Z,ana,e2,140,Influenza  seasonal,136.00"],
    "claims.csv": ["c1,ana,e1", "c2,ana,e1"],
    "claims_transactions.csv": [
        "t1,c1,ana,CHARGE,85.55,,2019-03-04T10:00:30Z,100,Encounter for problem,1,85.55,0.00",
        "t2,c1,ana,PAYMENT,,COPAY,2019-03-04T10:00:30Z,100,Encounter for problem,1,0.00,50.00",
        "t3,c1,ana,TRANSFEROUT,,,2019-03-04T10:00:30Z,100,Encounter for problem,1,0.00,0.00",
        "t4,c1,ana,PAYMENT,,ECHECK,2019-03-04T10:00:30Z,100,Encounter for problem,1,0.00,35.55",
        "t5,c2,ana,CHARGE,20.00,,2019-03-04T10:00:30Z,1,Ibuprofen 200 MG Oral Tablet,2,10.00,0.00",
        "t6,c2,ana,PAYMENT,,CC,2019-03-04T10:00:30Z,1,Ibuprofen 200 MG Oral Tablet,1,0.00,5.00",
    ],
}


def write(folder, changes=None):
    """The small files in a folder; `changes`: file -> its rows instead, or None to leave the file out."""
    rows = {**ROWS, **(changes or {})}
    folder.mkdir(parents=True, exist_ok=True)
    for name, header in HEADERS.items():
        if rows[name] is not None:
            text = "\n".join([header, *rows[name]]) + "\n"
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
    return folder
