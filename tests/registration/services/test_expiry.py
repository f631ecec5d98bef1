"""Declarations whose paper never came."""

from datetime import timedelta

import pytest
from django.utils import timezone

from registration import services
from registration.models import Declaration
from tests.registration.factories import make_declaration

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("status", "after"), [("submitted", "expired"), ("returned", "expired"), ("received", "received")]
)
def test_expiry_ends_what_waits_for_the_citizen(status: str, after: str) -> None:
    declaration = make_declaration(status)
    Declaration.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    services.expire_declarations()
    declaration.refresh_from_db()
    assert declaration.status == after


def test_expiry_leaves_those_in_time() -> None:
    declaration = make_declaration()
    assert services.expire_declarations() == 0
    declaration.refresh_from_db()
    assert declaration.status == "submitted"
    assert declaration.expires_at > timezone.now() + timedelta(days=29)
