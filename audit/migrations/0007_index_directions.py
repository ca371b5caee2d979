"""Ascending indexes, which grow at their end; and none that repeats the beginning of another."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0006_two_filters_at_once'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='auditlog',
            name='audit_logs_newest',
        ),
        migrations.RemoveIndex(
            model_name='auditlog',
            name='audit_logs_by_user',
        ),
        migrations.RemoveIndex(
            model_name='auditlog',
            name='audit_logs_by_entity_type',
        ),
        migrations.RemoveIndex(
            model_name='auditlog',
            name='audit_logs_by_entity',
        ),
        migrations.RemoveIndex(
            model_name='auditlog',
            name='audit_logs_by_patient',
        ),
        migrations.RemoveIndex(
            model_name='auditlog',
            name='audit_logs_by_action',
        ),
        migrations.RemoveIndex(
            model_name='auditlog',
            name='audit_logs_by_user_action',
        ),
        migrations.RemoveIndex(
            model_name='auditlog',
            name='audit_logs_by_user_entity',
        ),
        migrations.RemoveIndex(
            model_name='auditlog',
            name='audit_logs_by_entity_action',
        ),
        migrations.AddIndex(
            model_name='auditlog',
            index=models.Index(fields=['created_at', 'id'], name='audit_logs_newest'),
        ),
        migrations.AddIndex(
            model_name='auditlog',
            index=models.Index(fields=['user', 'created_at'], name='audit_logs_by_user'),
        ),
        migrations.AddIndex(
            model_name='auditlog',
            index=models.Index(fields=['entity_type', 'created_at'], name='audit_logs_by_entity_type'),
        ),
        migrations.AddIndex(
            model_name='auditlog',
            index=models.Index(fields=['entity_id', 'created_at'], name='audit_logs_by_entity'),
        ),
        migrations.AddIndex(
            model_name='auditlog',
            index=models.Index(fields=['patient_id', 'created_at'], name='audit_logs_by_patient'),
        ),
        migrations.AddIndex(
            model_name='auditlog',
            index=models.Index(fields=['action', 'created_at'], name='audit_logs_by_action'),
        ),
        migrations.AddIndex(
            model_name='auditlog',
            index=models.Index(fields=['user', 'action', 'created_at'], name='audit_logs_by_user_action'),
        ),
        migrations.AddIndex(
            model_name='auditlog',
            index=models.Index(fields=['user', 'entity_type', 'created_at'], name='audit_logs_by_user_entity'),
        ),
        migrations.AddIndex(
            model_name='auditlog',
            index=models.Index(fields=['entity_type', 'action', 'created_at'], name='audit_logs_by_entity_action'),
        ),
    ]
