from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0005_merge_verb'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name='auditlog',
            index=models.Index(fields=['user', 'action', '-created_at'], name='audit_logs_by_user_action'),
        ),
        migrations.AddIndex(
            model_name='auditlog',
            index=models.Index(fields=['user', 'entity_type', '-created_at'], name='audit_logs_by_user_entity'),
        ),
        migrations.AddIndex(
            model_name='auditlog',
            index=models.Index(fields=['entity_type', 'action', '-created_at'], name='audit_logs_by_entity_action'),
        ),
        # SQLite takes an index of which it knows nothing for the better one, and then sorts all of somebody's rows.
        migrations.RunSQL('ANALYZE audit_logs', migrations.RunSQL.noop),
    ]
