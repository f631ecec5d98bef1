"""A reset belongs to the browser session that asked for it, which may ask for several."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_end_of_told_day")]

    operations = [
        migrations.RenameField(model_name="passwordreset", old_name="token", new_name="asking"),
        # The names of sessions under which resets are open now stay what they are.
        migrations.AlterField(
            model_name="passwordreset", name="asking", field=models.CharField(db_index=True, max_length=40)
        ),
    ]
