"""What brings the demo's patients to the clinic, and what the doctor writes and orders.

Invented for show; plausible, not medical advice.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rx:
    """A prescription: ingredients and a hint of the product as in the catalogue, and how it is taken."""

    ingredients: str
    hint: str
    dosage: str
    frequency: str
    duration: str
    quantity: int
    instructions: str = ""


@dataclass(frozen=True)
class Scenario:
    """One kind of visit."""

    reason: str
    complaint: str
    illness: str
    findings: str
    diagnosis: str
    plan: str
    visit_type: str = "consultation"
    departments: tuple[str, ...] = ("General Practice",)
    ages: tuple[int, int] = (0, 110)
    prescriptions: tuple[Rx, ...] = ()
    labs: tuple[str, ...] = ()
    follow_up_days: int = 0
    chronic: str = ""
    vitals: dict[str, float] = field(default_factory=dict)
    weight: int = 3


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "Sore throat since Monday",
        "Sore throat and fever for three days.",
        "Pain on swallowing, fever to 38.6 °C, no cough. A child at home has the same.",
        "Tonsils red with exudate, tender cervical nodes, chest clear.",
        "Acute streptococcal tonsillitis (J03.0)",
        "Antibiotic for 10 days, fluids, rest. Come back if no better in 3 days.",
        ages=(16, 60),
        prescriptions=(
            Rx("phenoxymethylpenicillin", "500", "500 mg", "twice daily", "10 days", 20, "On an empty stomach."),
            Rx("paracetamol", "500", "1 g", "up to four times daily", "5 days", 40, "Not more than 4 g a day."),
        ),
        vitals={"temperature_celsius": 1.3, "pulse_rate": 12},
        weight=5,
    ),
    Scenario(
        "Blood pressure check",
        "Routine check of known hypertension.",
        "Home readings 130-145 over 80-90. No headache, no chest pain.",
        "Regular pulse, no oedema, heart sounds normal.",
        "Essential hypertension (I10)",
        "Continue treatment, less salt, walk 30 minutes daily. Kidney function and electrolytes today.",
        visit_type="follow_up",
        departments=("General Practice", "Cardiology"),
        ages=(38, 95),
        prescriptions=(
            Rx("lisinopril", "10", "10 mg", "once daily", "30 days", 30, "In the morning."),
            Rx("amlodipine", " 5 mg", "5 mg", "once daily", "30 days", 30),
        ),
        labs=("Potassium", "Creatinine", "Sodium"),
        follow_up_days=90,
        chronic="Hypertension",
        vitals={"systolic_bp": 22, "diastolic_bp": 9},
        weight=7,
    ),
    Scenario(
        "Diabetes review",
        "Three-month review of type 2 diabetes.",
        "Fasting sugars 120-160 mg/dL. Diet mostly kept. No low sugars.",
        "Feet: pulses present, sensation normal. BMI 31.",
        "Type 2 diabetes mellitus without complications (E11.9)",
        "Continue metformin, dietician, eye check this year.",
        visit_type="follow_up",
        ages=(35, 90),
        prescriptions=(Rx("metformin", "500", "500 mg", "twice daily", "30 days", 60, "With meals."),),
        labs=("HbA1c", "Glucose, fasting", "Creatinine", "Cholesterol, total"),
        follow_up_days=90,
        chronic="Type 2 diabetes",
        weight=6,
    ),
    Scenario(
        "Annual check-up",
        "Feels well; wants the yearly check.",
        "No complaints. Does not smoke. Moderate exercise.",
        "Heart, lungs and abdomen normal. Skin without suspicious lesions.",
        "Routine general medical examination (Z00.0)",
        "Blood count and lipids. Tetanus vaccination up to date.",
        visit_type="routine_checkup",
        ages=(18, 90),
        labs=("Haemoglobin", "White cell count", "Cholesterol, total", "TSH"),
        weight=7,
    ),
    Scenario(
        "Well-child visit",
        "Growth and development check.",
        "Eats and sleeps well, speaks in sentences.",
        "Growth along its percentile, heart and lungs normal, hips stable.",
        "Routine child health examination (Z00.1)",
        "Vaccinations as scheduled. Next visit in six months.",
        visit_type="routine_checkup",
        departments=("Pediatrics",),
        ages=(0, 14),
        weight=8,
    ),
    Scenario(
        "Earache",
        "Right earache since last night.",
        "Cold for a week, then fever and earache.",
        "Right eardrum red and bulging; left normal.",
        "Acute otitis media, right (H66.9)",
        "Pain relief first, antibiotic for 5 days. Review if fever persists 48 hours.",
        departments=("Pediatrics", "General Practice"),
        ages=(4, 12),
        prescriptions=(
            Rx("amoxicillin", "250 mg/5 ml", "5 mL", "three times daily", "5 days", 1, "Shake before use."),
            Rx("ibuprofen", "100 mg/5 ml", "10 mL", "three times daily", "3 days", 1, "With food."),
        ),
        vitals={"temperature_celsius": 1.5, "pulse_rate": 18},
        weight=5,
    ),
    Scenario(
        "Cough and wheeze",
        "Wheezing at night, worse with exercise.",
        "Known asthma; uses the reliever four times a week.",
        "Expiratory wheeze on both sides, no distress.",
        "Mild persistent asthma (J45.3)",
        "Start an inhaled steroid, inhaler technique shown, written plan.",
        ages=(12, 70),
        prescriptions=(
            Rx("salbutamol", "inhaler", "2 puffs", "as needed", "30 days", 1, "At most 8 puffs a day."),
            Rx("beclometasone", "inhaler", "2 puffs", "twice daily", "30 days", 1, "Rinse the mouth afterwards."),
        ),
        follow_up_days=28,
        chronic="Asthma",
        vitals={"respiratory_rate": 5, "oxygen_saturation": -2},
        weight=4,
    ),
    Scenario(
        "Low back pain",
        "Back pain after lifting a box.",
        "Since four days, no radiation, no numbness, bladder normal.",
        "Paravertebral tenderness, straight leg raise negative, reflexes normal.",
        "Low back pain (M54.5)",
        "Stay active, heat, pain relief for a few days. Physiotherapy if no better in two weeks.",
        departments=("General Practice", "Orthopedics"),
        ages=(18, 85),
        prescriptions=(Rx("naproxen", "500", "500 mg", "twice daily", "7 days", 14, "With food."),),
        weight=6,
    ),
    Scenario(
        "Burning on urination",
        "Burning and frequency since yesterday.",
        "No fever, no flank pain, not pregnant.",
        "Abdomen soft, no costovertebral tenderness.",
        "Acute cystitis (N30.0)",
        "Short course of antibiotic, drink plenty.",
        ages=(16, 80),
        prescriptions=(Rx("nitrofurantoin", "100", "100 mg", "twice daily", "5 days", 10, "With food."),),
        labs=("Urine dipstick: nitrite", "Urine dipstick: leukocyte esterase"),
        weight=4,
    ),
    Scenario(
        "Itchy rash on both arms",
        "Itchy rash in the elbow creases for two weeks.",
        "Had eczema as a child; a new soap recently.",
        "Dry red patches on both cubital fossae, no infection.",
        "Atopic dermatitis (L20.9)",
        "Emollient daily, mild steroid cream for one week, change the soap.",
        departments=("Dermatology", "General Practice"),
        ages=(12, 70),
        prescriptions=(
            Rx("hydrocortisone", "cream", "thin layer", "twice daily", "7 days", 1, "Not on the face."),
            Rx("cetirizine", "10", "10 mg", "once daily", "14 days", 14, "In the evening."),
        ),
        weight=5,
    ),
    Scenario(
        "Mole check",
        "A mole on the back has grown.",
        "Noticed by the partner two months ago; no bleeding.",
        "6 mm symmetrical brown macule with regular border.",
        "Melanocytic naevus of the trunk (D22.5)",
        "Photograph, compare in three months.",
        departments=("Dermatology",),
        ages=(20, 85),
        follow_up_days=90,
        weight=4,
    ),
    Scenario(
        "Chest tightness on stairs",
        "Tightness in the chest when climbing stairs.",
        "For three weeks, gone after two minutes of rest. Father had a heart attack at 58.",
        "Blood pressure raised, heart sounds normal, ECG without acute changes.",
        "Stable angina pectoris (I20.8)",
        "Aspirin and statin, stress test this week, emergency advice given.",
        departments=("Cardiology",),
        ages=(45, 90),
        prescriptions=(
            Rx("acetylsalicylic acid", "81", "81 mg", "once daily", "30 days", 30),
            Rx("atorvastatin", "40", "40 mg", "once daily", "30 days", 30, "In the evening."),
            Rx("metoprolol", "25", "25 mg", "twice daily", "30 days", 60),
        ),
        labs=("Cholesterol, total", "LDL cholesterol, calculated", "BNP"),
        follow_up_days=14,
        chronic="Coronary heart disease",
        vitals={"systolic_bp": 18, "diastolic_bp": 6},
        weight=4,
    ),
    Scenario(
        "Tired all the time",
        "Tired for two months.",
        "Sleeps eight hours, heavy periods, eats little meat.",
        "Pale conjunctivae, otherwise normal.",
        "Iron deficiency anaemia (D50.9)",
        "Iron tablets for three months, blood count in four weeks.",
        ages=(16, 60),
        prescriptions=(
            Rx("ferrous sulfate", "325", "325 mg", "once daily", "30 days", 30, "With orange juice, not with tea."),
        ),
        labs=("Haemoglobin", "MCV", "Iron", "TSH"),
        follow_up_days=28,
        weight=4,
    ),
    Scenario(
        "Feeling low",
        "Low mood and poor sleep for six weeks.",
        "Lost job in the summer; no thoughts of self-harm; supported by sister.",
        "PHQ-9 14. Appears tired, good contact.",
        "Moderate depressive episode (F32.1)",
        "Talking therapy arranged, start sertraline, review in two weeks, crisis numbers given.",
        ages=(18, 75),
        prescriptions=(Rx("sertraline", "50", "50 mg", "once daily", "30 days", 30, "In the morning."),),
        labs=("TSH",),
        follow_up_days=14,
        weight=3,
    ),
    Scenario(
        "Twisted ankle",
        "Twisted the left ankle playing football.",
        "Yesterday evening; can walk four steps.",
        "Swelling below the outer malleolus, no bony tenderness (Ottawa negative).",
        "Sprain of ankle, left (S93.4)",
        "Rest, ice, compression, elevation; brace for two weeks.",
        departments=("Orthopedics", "General Practice"),
        ages=(14, 55),
        prescriptions=(Rx("ibuprofen", "400", "400 mg", "three times daily", "5 days", 15, "With food."),),
        weight=4,
    ),
    Scenario(
        "Knee pain",
        "Right knee painful on stairs for a year.",
        "Worse in the evening, stiff for ten minutes in the morning.",
        "Crepitus, small effusion, stable ligaments.",
        "Osteoarthritis of the knee (M17.1)",
        "Exercises, weight loss of 5 kg, pain relief as needed.",
        departments=("Orthopedics",),
        ages=(48, 92),
        prescriptions=(Rx("paracetamol", "500", "1 g", "up to three times daily", "14 days", 84),),
        follow_up_days=60,
        weight=5,
    ),
    Scenario(
        "Heartburn",
        "Burning behind the breastbone after meals.",
        "Three times a week, worse lying down; no weight loss, no trouble swallowing.",
        "Abdomen soft, mild epigastric tenderness.",
        "Gastro-oesophageal reflux disease (K21.9)",
        "Four weeks of omeprazole, smaller meals, raise the head of the bed.",
        ages=(20, 85),
        prescriptions=(Rx("omeprazole", "20", "20 mg", "once daily", "28 days", 28, "Before breakfast."),),
        weight=4,
    ),
    Scenario(
        "Thyroid follow-up",
        "Check of thyroid treatment.",
        "Takes tablets regularly, energy better.",
        "Pulse 72, no goitre.",
        "Hypothyroidism (E03.9)",
        "Continue the dose, TSH today.",
        visit_type="follow_up",
        ages=(25, 88),
        prescriptions=(
            Rx("levothyroxine", "50", "50 mcg", "once daily", "30 days", 30, "30 minutes before breakfast."),
        ),
        labs=("TSH",),
        follow_up_days=180,
        chronic="Hypothyroidism",
        weight=3,
    ),
    Scenario(
        "Sudden high fever",
        "Fever 39.4 °C since this morning.",
        "Shivering, aching all over, dry cough. Influenza at work.",
        "Ill but alert, throat red, chest clear, neck supple.",
        "Influenza with respiratory manifestations (J11.1)",
        "Rest, fluids, fever relief; return at once if short of breath.",
        visit_type="emergency",
        ages=(18, 90),
        prescriptions=(Rx("paracetamol", "500", "1 g", "four times daily", "5 days", 40),),
        vitals={"temperature_celsius": 2.5, "pulse_rate": 24, "respiratory_rate": 4},
        weight=3,
    ),
    Scenario(
        "Wound care and stitches",
        "Cut on the left forearm from a kitchen knife.",
        "Two hours ago, bleeding stopped with pressure.",
        "4 cm clean laceration, sensation and movement intact.",
        "Laceration of forearm (S51.8)",
        "Five stitches under local anaesthetic, tetanus booster, stitches out in ten days.",
        visit_type="procedure",
        ages=(8, 80),
        follow_up_days=10,
        weight=3,
    ),
)

ALLERGIES: tuple[tuple[str, str, str], ...] = (
    ("Penicillin", "Rash", "moderate"),
    ("Penicillin", "Anaphylaxis", "severe"),
    ("Sulfonamides", "Hives", "moderate"),
    ("Aspirin", "Wheezing", "severe"),
    ("Ibuprofen", "Swelling of the lips", "moderate"),
    ("Codeine", "Nausea", "mild"),
    ("Latex", "Contact dermatitis", "mild"),
    ("Peanuts", "Anaphylaxis", "severe"),
    ("Iodinated contrast", "Flushing", "mild"),
    ("Erythromycin", "Abdominal cramps", "mild"),
)
#: Free text as busy people type it: some of it the checker cannot resolve, and says so.
ALLERGY_TEXTS = ("PCN - rash as child", "sulfa (hives)", "Latex, penicillin?", "some eye drops, name unknown")
CANCEL_REASONS = (
    "Patient is unwell",
    "Asked for another day",
    "Found another doctor",
    "Transport problem",
    "Doctor ill",
)
