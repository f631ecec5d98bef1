import datetime

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from agencies.models import Agency
from agencies.services import save_agency


def today() -> datetime.date:
    return timezone.localdate()


def test_current_includes_both_ends_of_the_period(tree):
    day = datetime.timedelta(days=1)
    periods = {
        "07901": (today(), None),
        "07911": (None, today()),
        "07912": (today() + day, None),
        "07922": (None, today() - day),
    }
    for code, (tree[code].valid_from, tree[code].valid_until) in periods.items():
        save_agency(tree[code])
    current = {agency.code for agency in Agency.objects.current().filter(parent=tree["079"])}
    assert current == {"07901", "07911"}


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "7911"},
        {"code": "٠٧٩١١"},
        {"level": "province"},
        {"parent": None},
        {"parent": "07912"},
        {"name": ""},
        {"valid_from": datetime.date(2025, 7, 1), "valid_until": datetime.date(2025, 6, 30)},
        {"successor": "07911"},
    ],
)
def test_agency_that_does_not_fit_is_refused(tree, changes):
    agency = tree["07911"]
    for field, value in changes.items():
        setattr(agency, field, tree[value] if field in {"parent", "successor"} and value else value)
    with pytest.raises(ValidationError):
        agency.full_clean(exclude=["path", "search_key"])


def test_circle_of_successors_is_refused(tree):
    tree["001"].successor = tree["079"]
    save_agency(tree["001"])
    tree["079"].successor = tree["001"]
    with pytest.raises(ValidationError):
        tree["079"].full_clean()


def test_version_changes_with_every_saved_change(tree):
    before = Agency.objects.version()
    assert Agency.objects.version() == before
    save_agency(tree["07911"])
    assert Agency.objects.version() != before
