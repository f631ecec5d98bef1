from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registration", "0009_end_of_told_day")]

    operations = [
        migrations.AlterField(
            model_name="draft", name="resume_code", field=models.CharField(blank=True, max_length=16)
        ),
    ]
