"""The visits that wait already; from now on triggers keep the table."""

from django.db import migrations

FILL = """
INSERT INTO unbilled_visits (id, created_at, updated_at, consultation_id, appointment_id, consultation_date)
SELECT id, completed_at, completed_at, id, appointment_id, consultation_date FROM consultations
WHERE completed_at IS NOT NULL AND appointment_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM invoices
    WHERE invoices.appointment_id = consultations.appointment_id AND invoices.status <> 'cancelled'
)
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_unbilled_visits_dates_and_coverage")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
