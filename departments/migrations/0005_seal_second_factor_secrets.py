from django.db import migrations, models

import healthcare.crypto


def rewrite(connection, change):
    """Secrets that are there, changed one by one; raw, for the model seals by itself."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, secret FROM second_factors WHERE secret <> ''")
        for key, secret in cursor.fetchall():
            cursor.execute("UPDATE second_factors SET secret = %s WHERE id = %s", [change(secret), key])


def seal_all(apps, schema_editor):
    rewrite(schema_editor.connection, lambda secret: secret if secret.startswith("gAAAA") else healthcare.crypto.seal(secret))


def unseal_all(apps, schema_editor):
    rewrite(schema_editor.connection, healthcare.crypto.unseal)


class Migration(migrations.Migration):
    dependencies = [("departments", "0004_api_tokens")]

    operations = [
        migrations.AlterField(
            "secondfactor", "secret", models.CharField(blank=True, default="", max_length=255, verbose_name="secret")
        ),
        migrations.RunPython(seal_all, unseal_all),
        migrations.AlterField(
            "secondfactor",
            "secret",
            healthcare.crypto.SealedField(blank=True, default="", max_length=255, verbose_name="secret"),
        ),
    ]
