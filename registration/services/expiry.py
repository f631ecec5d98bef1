"""The clock's part in a declaration's life."""

from django.utils import timezone

from registration.enums import Status
from registration.models import Declaration
from registration.services.decisions import expire_declaration


def expire_declarations(limit: int = 500) -> int:
    """Expire declarations whose paper did not come in time. Returns how many were looked at."""
    due = Declaration.objects.filter(status__in=(Status.SUBMITTED, Status.RETURNED), expires_at__lt=timezone.now())
    ids = list(due.order_by("expires_at").values_list("pk", flat=True)[:limit])
    for declaration_id in ids:
        expire_declaration(declaration_id)
    return len(ids)
