"""The day that was told ("chậm nhất 25/11") is a whole one: what waits for the citizen gets the rest of it."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import migrations
from django.db.models.functions import TruncDate

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def extend(apps, schema_editor):
    """One statement a day: there are hundreds of days, and perhaps a million rows."""
    waiting = apps.get_model("registration", "Declaration").objects.filter(
        status__in=["submitted", "returned", "expired"]
    )
    days = waiting.order_by().annotate(day=TruncDate("expires_at", tzinfo=VIETNAM)).values_list("day", flat=True)
    for day in list(days.distinct()):
        start, end = datetime.combine(day, time.min, VIETNAM), datetime.combine(day, time.max, VIETNAM)
        waiting.filter(expires_at__gte=start, expires_at__lt=start + timedelta(days=1)).update(expires_at=end)


class Migration(migrations.Migration):
    dependencies = [("registration", "0008_whole_days")]

    operations = [migrations.RunPython(extend, migrations.RunPython.noop, elidable=True)]
