from django.conf import settings
from django.db import migrations, models

import notifications.models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0002_undelivered"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="message",
            name="phone",
            field=models.CharField(
                help_text="E.164, for example +84912345678", max_length=16, verbose_name="mobile phone"
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="related_key",
            field=models.CharField(blank=True, max_length=64, verbose_name="belongs to"),
        ),
        migrations.AlterField(
            model_name="message",
            name="request_id",
            field=models.CharField(
                default=notifications.models.new_request_id, editable=False, max_length=50, verbose_name="request id"
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["phone"], name="message_phone"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["related_key"], name="message_related_key"),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(fields=("request_id",), name="one_message_a_request"),
        ),
    ]
