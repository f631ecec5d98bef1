"""Who looked: identity photos are sensitive, so every opening of a dossier or a file of it is on record."""

from typing import TYPE_CHECKING

from registration.enums import AccessKind
from registration.models import AccessEvent, Declaration

if TYPE_CHECKING:
    from accounts.models import User


def record_access(declaration: Declaration, user: "User", kind: AccessKind) -> AccessEvent:
    """Write down that this member of staff opened the dossier, one of its photos or its document, now."""
    return AccessEvent.objects.create(declaration=declaration, user=user, kind=kind)
