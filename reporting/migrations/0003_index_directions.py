"""Ascending indexes, which grow at their end; and none that repeats the beginning of another."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reporting', '0002_schedules_cancel_and_claims'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='report',
            name='reports_newest',
        ),
        migrations.RemoveIndex(
            model_name='report',
            name='reports_by_user',
        ),
        migrations.AlterField(
            model_name='report',
            name='generated_by_user',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='reports', to=settings.AUTH_USER_MODEL, verbose_name='requested by'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(fields=['created_at', 'id'], name='reports_newest'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(fields=['generated_by_user', 'created_at'], name='reports_by_user'),
        ),
    ]
