"""Ascending indexes, which grow at their end; and none that repeats the beginning of another."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clinical', '0009_unfinished_index'),
        ('patients', '0005_patient_imports'),
        ('scheduling', '0004_waiting_list_and_series'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='consultation',
            name='consultations_by_patient',
        ),
        migrations.RemoveIndex(
            model_name='consultation',
            name='consultations_by_doctor',
        ),
        migrations.RemoveIndex(
            model_name='consultation',
            name='consultations_newest',
        ),
        migrations.RemoveIndex(
            model_name='labtest',
            name='lab_tests_by_patient',
        ),
        migrations.RemoveIndex(
            model_name='labtest',
            name='lab_tests_by_status',
        ),
        migrations.RemoveIndex(
            model_name='labtest',
            name='lab_tests_newest',
        ),
        migrations.RemoveIndex(
            model_name='prescription',
            name='prescriptions_by_patient',
        ),
        migrations.RemoveIndex(
            model_name='prescription',
            name='prescriptions_newest',
        ),
        migrations.RemoveIndex(
            model_name='prescription',
            name='prescriptions_overridden',
        ),
        migrations.RemoveIndex(
            model_name='problem',
            name='patient_problems_by_patient',
        ),
        migrations.RemoveIndex(
            model_name='vitalsign',
            name='vital_signs_by_patient',
        ),
        migrations.RemoveIndex(
            model_name='vitalsign',
            name='vital_signs_newest',
        ),
        migrations.AlterField(
            model_name='consultation',
            name='doctor',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='consultations', to=settings.AUTH_USER_MODEL, verbose_name='doctor'),
        ),
        migrations.AlterField(
            model_name='consultation',
            name='patient',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='consultations', to='patients.patient', verbose_name='patient'),
        ),
        migrations.AlterField(
            model_name='labtest',
            name='patient',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lab_tests', to='patients.patient', verbose_name='patient'),
        ),
        migrations.AlterField(
            model_name='prescription',
            name='patient',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='prescriptions', to='patients.patient', verbose_name='patient'),
        ),
        migrations.AlterField(
            model_name='problem',
            name='patient',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='problems', to='patients.patient', verbose_name='patient'),
        ),
        migrations.AlterField(
            model_name='vitalsign',
            name='patient',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='vital_signs', to='patients.patient', verbose_name='patient'),
        ),
        migrations.AddIndex(
            model_name='consultation',
            index=models.Index(fields=['patient', 'consultation_date'], name='consultations_by_patient'),
        ),
        migrations.AddIndex(
            model_name='consultation',
            index=models.Index(fields=['doctor', 'consultation_date'], name='consultations_by_doctor'),
        ),
        migrations.AddIndex(
            model_name='consultation',
            index=models.Index(fields=['consultation_date', 'id'], name='consultations_newest'),
        ),
        migrations.AddIndex(
            model_name='labtest',
            index=models.Index(fields=['patient', 'ordered_date'], name='lab_tests_by_patient'),
        ),
        migrations.AddIndex(
            model_name='labtest',
            index=models.Index(fields=['status', 'ordered_date'], name='lab_tests_by_status'),
        ),
        migrations.AddIndex(
            model_name='labtest',
            index=models.Index(fields=['ordered_date', 'id'], name='lab_tests_newest'),
        ),
        migrations.AddIndex(
            model_name='prescription',
            index=models.Index(fields=['patient', 'prescribed_date'], name='prescriptions_by_patient'),
        ),
        migrations.AddIndex(
            model_name='prescription',
            index=models.Index(fields=['prescribed_date', 'id'], name='prescriptions_newest'),
        ),
        migrations.AddIndex(
            model_name='prescription',
            index=models.Index(condition=models.Q(('override_reason', ''), _negated=True), fields=['prescribed_date', 'id'], name='prescriptions_overridden'),
        ),
        migrations.AddIndex(
            model_name='problem',
            index=models.Index(fields=['patient', 'status', 'since'], name='patient_problems_by_patient'),
        ),
        migrations.AddIndex(
            model_name='vitalsign',
            index=models.Index(fields=['patient', 'recorded_at'], name='vital_signs_by_patient'),
        ),
        migrations.AddIndex(
            model_name='vitalsign',
            index=models.Index(fields=['recorded_at', 'id'], name='vital_signs_newest'),
        ),
    ]
