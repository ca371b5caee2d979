"""Ascending indexes, which grow at their end; and none that repeats the beginning of another."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0008_payments_made_together'),
        ('clinical', '0009_unfinished_index'),
        ('patients', '0005_patient_imports'),
        ('scheduling', '0004_waiting_list_and_series'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='cashclose',
            name='cash_closes_newest',
        ),
        migrations.RemoveIndex(
            model_name='cashclose',
            name='cash_closes_by_officer',
        ),
        migrations.RemoveIndex(
            model_name='invoice',
            name='invoices_by_patient',
        ),
        migrations.RemoveIndex(
            model_name='invoice',
            name='invoices_newest',
        ),
        migrations.RemoveIndex(
            model_name='payment',
            name='payments_by_patient',
        ),
        migrations.RemoveIndex(
            model_name='payment',
            name='payments_newest',
        ),
        migrations.RemoveIndex(
            model_name='refund',
            name='refunds_newest',
        ),
        migrations.RemoveIndex(
            model_name='unbilledvisit',
            name='unbilled_visits_newest',
        ),
        migrations.AlterField(
            model_name='cashclose',
            name='officer',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='cash_closes', to=settings.AUTH_USER_MODEL, verbose_name='officer'),
        ),
        migrations.AlterField(
            model_name='invoice',
            name='patient',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='invoices', to='patients.patient', verbose_name='patient'),
        ),
        migrations.AlterField(
            model_name='payment',
            name='patient',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='patients.patient', verbose_name='patient'),
        ),
        migrations.AlterField(
            model_name='serviceprice',
            name='service',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='prices', to='billing.service', verbose_name='service'),
        ),
        migrations.AddIndex(
            model_name='cashclose',
            index=models.Index(fields=['business_date', 'id'], name='cash_closes_newest'),
        ),
        migrations.AddIndex(
            model_name='cashclose',
            index=models.Index(fields=['officer', 'ends_at'], name='cash_closes_by_officer'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['patient', 'invoice_date'], name='invoices_by_patient'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(fields=['invoice_date', 'id'], name='invoices_newest'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['patient', 'payment_date'], name='payments_by_patient'),
        ),
        migrations.AddIndex(
            model_name='payment',
            index=models.Index(fields=['payment_date', 'id'], name='payments_newest'),
        ),
        migrations.AddIndex(
            model_name='refund',
            index=models.Index(fields=['refunded_at', 'id'], name='refunds_newest'),
        ),
        migrations.AddIndex(
            model_name='unbilledvisit',
            index=models.Index(fields=['consultation_date', 'id'], name='unbilled_visits_newest'),
        ),
    ]
