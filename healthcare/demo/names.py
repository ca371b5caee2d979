"""Names, streets and insurers of the demo clinic's people; all invented."""

_FEMALE = """
Maria Ana Amara Aisha Beatriz Chloe Clara Daniela Elena Emma Esther Fatima Freya Gabriela Grace Hannah Hiroko
Imani Ingrid Isabel Jasmine Joana Julia Kavita Keiko Laila Leila Linh Lucia Mei Mercy Mina Nadia Naomi Natalia
Nina Noor Olga Olivia Paula Priya Rachel Rebeca Rosa Ruth Sana Sara Sofia Svetlana Tala Teresa Thandiwe
Valentina Vera Wanjiru Xiomara Yara Yuki Zainab Zoe Zofia Aoife Siobhán Renée Zoë Márta Åsa Inês Dorothy Agnes
Beverly Carol Denise Eleanor Frances Gloria Harriet Irene Joyce Kathleen Lorraine Marjorie Nancy Opal Patricia
Rosalind Shirley Thelma Ursula Virginia Winifred Yvonne
"""
FEMALE = _FEMALE.split()

_MALE = """
Adam Ahmed Alejandro Amir Andre Anders Antonio Arjun Benjamin Björn Carlos Chen Daniel David Diego Dmitri
Eduardo Elijah Emeka Enzo Erik Felix Finn Francisco Gabriel George Hassan Henry Hiroshi Hugo Ibrahim Isaac Ivan
Jacob James Javier Joao Jonas Joseph José Juan Kenji Kofi Kwame Leo Liam Lucas Luis Malik Marco Mateo Miguel
Mohammed Nathan Nikolai Noah Omar Oscar Pablo Pavel Pedro Peter Rafael Raj Ravi Ricardo Robert Samuel Santiago
Sanjay Sergio Simon Stefan Tariq Thabo Thomas Tomás Viktor William Xavier Yusuf Zain Jürgen Søren Łukasz Arthur
Bernard Clifford Donald Earl Floyd Gordon Harold Irving Jerome Kenneth Leonard Melvin Norman Orville Ralph
Stanley Theodore Vernon Walter
"""
MALE = _MALE.split()

_LAST = """
Adeyemi Ahmed Alvarez Andersen Banerjee Bauer Bianchi Brown Campbell Carter Castillo Chavez Chen Clarke Cohen
Costa Cruz Davies Delgado Diaz Dubois Edwards Eriksen Evans Fernandez Fischer Flores Foster Garcia Gomez
Gonzalez Gray Greene Gupta Haddad Hansen Harris Hassan Hernandez Hoffmann Hughes Ibrahim Ivanova Jackson Jensen
Jimenez Johnson Jones Kaur Kelly Khan Kim Kimura King Kowalski Kumar Lee Lewis Lopez Martin Martinez Mbeki
Mendoza Meyer Mitchell Moore Morales Moreno Morgan Müller Murphy Mwangi Nakamura Nguyen Nielsen Novak Nowak
Núñez Obi Okafor Oliveira Ortiz Osei Park Patel Pereira Perez Petrov Phillips Popescu Quinn Ramirez Ramos Reid
Rentería Reyes Ribeiro Rivera Roberts Robinson Rodriguez Romero Rossi Russo Ruiz Sánchez Santos Sato Schmidt
Schneider Scott Shah Sharma Silva Singh Smith Sokolov Suzuki Tanaka Taylor Thomas Thompson Torres Tran Turner
Vargas Vasquez Wagner Walker Wang Weber White Williams Wilson Wójcik Wright Yamamoto Yang Yılmaz Young Zhang
Ziegler O'Brien O'Connor MacLeod van_der_Berg de_la_Cruz Al-Farsi Ben-David
"""
LAST = _LAST.split()

#: Whole names in other scripts and of unusual length: what every screen and PDF must be able to show.
UNUSUAL = [
    ("王", "小明", "male"),
    ("الزهراء", "فاطمة", "female"),
    ("Соколов", "Дмитрий", "male"),
    ("शर्मा", "अनीता", "female"),
    ("Παπαδοπούλου", "Ελένη", "female"),
    ("Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh", "Hubert Blaine Maximilian Alexander", "male"),
    ("O", "Li", "female"),
]

_STREETS = """
Maple Oak Cedar Willow Birch Elm Chestnut Juniper Magnolia Laurel Sycamore Hawthorn River Lake Hill Park Station
Church Mill Market Garden Orchard Meadow Spring
"""
STREETS = _STREETS.split()
CITIES = [
    ("Riverside", "CA", "92501"),
    ("Norwood", "MA", "02062"),
    ("Springfield", "IL", "62701"),
    ("Lakewood", "OH", "44107"),
    ("Georgetown", "TX", "78626"),
]
INSURERS = [
    (
        "Blue Harbor Health",
        "Covers 80 % of office visits after a $25 copay; laboratory in full. Prior approval for imaging.",
    ),
    ("Evergreen Mutual", "Covers 70 % of all services after the annual deductible of $500."),
    ("Summit Care Plan", "Office visits $20 copay; preventive care and vaccinations in full."),
    ("Medicare Advantage North", "Covers 80 % of approved amounts; no coverage of cosmetic procedures."),
    ("State Community Health", "Full coverage of medically necessary services; bill within 90 days."),
    ("Pioneer Employee Benefits", "Covers 90 % in network; reference number needed on every claim."),
]
RELATIONS = ["Spouse", "Mother", "Father", "Daughter", "Son", "Sister", "Brother", "Friend"]

#: e-mail name, first name, last name, role, department
STAFF = [
    ("administrator", "Helen", "Marsh", "administrator", "Administration"),
    ("administrator2", "Victor", "Lindqvist", "administrator", "Administration"),
    ("doctor", "Amara", "Okafor", "doctor", "General Practice"),
    ("doctor2", "Luis", "Herrera", "doctor", "General Practice"),
    ("doctor3", "Ingrid", "Sørensen", "doctor", "Pediatrics"),
    ("doctor4", "Rajesh", "Menon", "doctor", "Cardiology"),
    ("doctor5", "Chloe", "Dupont", "doctor", "Dermatology"),
    ("doctor6", "Samuel", "Mbeki", "doctor", "Orthopedics"),
    ("nurse", "Grace", "Mwangi", "nurse", "General Practice"),
    ("nurse2", "Tomás", "Rivera", "nurse", "Pediatrics"),
    ("nurse3", "Yuki", "Tanaka", "nurse", "Laboratory"),
    ("receptionist", "Nadia", "Haddad", "receptionist", "Front Desk"),
    ("receptionist2", "Peter", "Kowalski", "receptionist", "Front Desk"),
    ("billing", "Joyce", "Campbell", "billing_officer", "Billing"),
    ("billing2", "Daniel", "Cohen", "billing_officer", "Billing"),
]
DEPARTMENTS = [
    ("General Practice", "Family medicine, check-ups and first contact for everything."),
    ("Pediatrics", "Children and adolescents, vaccinations, growth checks."),
    ("Cardiology", "Heart and circulation, ECG, blood pressure."),
    ("Dermatology", "Skin, hair and nails."),
    ("Orthopedics", "Bones, joints and sports injuries."),
    ("Laboratory", "Samples, analysis, results."),
    ("Front Desk", "Registration and appointments."),
    ("Billing", "Invoices and payments."),
    ("Administration", "Management of the clinic."),
]
