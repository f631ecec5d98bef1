"""A one-time password is good for whole days: those that are out get the rest of their last one."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import migrations
from django.db.models.functions import TruncDate

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def extend(apps, schema_editor):
    users = apps.get_model("accounts", "User").objects.filter(one_time_password_until__isnull=False)
    moment = TruncDate("one_time_password_until", tzinfo=VIETNAM)
    for day in list(users.order_by().annotate(day=moment).values_list("day", flat=True).distinct()):
        start, end = datetime.combine(day, time.min, VIETNAM), datetime.combine(day, time.max, VIETNAM)
        on_that_day = users.filter(
            one_time_password_until__gte=start, one_time_password_until__lt=start + timedelta(days=1)
        )
        on_that_day.update(one_time_password_until=end)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_locked_account")]

    operations = [migrations.RunPython(extend, migrations.RunPython.noop, elidable=True)]
