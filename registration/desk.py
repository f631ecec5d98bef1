"""What the staff desk looks up: an officer's dossiers, the order of the queue, the search."""

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat

from accounts.numbers import compact, parse_bhxh_number
from agencies.models import AgencyQuerySet
from agencies.services import agencies_for
from agencies.text import fold
from notifications.enums import MessageKind, MessageStatus
from notifications.models import Message
from registration.enums import OPEN_STATUSES, Status
from registration.models import Declaration
from registration.references import parse_reference
from registration.validators import MAX_NAME, clean_phone, tidy

if TYPE_CHECKING:
    from accounts.models import User

# What waits for the office: papers to decide on, and declarations whose paper is awaited.
TODO_STATUSES = (Status.SUBMITTED, Status.RECEIVED)
# By the letters, received stands before submitted: papers on the desk first, then whoever has waited longest.
QUEUE_ORDER = ("status", "submitted_at", "pk")
_PAPER_NUMBER = re.compile(r"[A-Z]?\d{7,12}", re.ASCII)


def declarations_for(user: "User | AnonymousUser") -> QuerySet[Declaration]:
    """The declarations of the user's agency and of those below it; for this user no others exist."""
    return Declaration.objects.filter(agency__in=agencies_for(user))


def declared_agencies(user: "User | AnonymousUser") -> AgencyQuerySet:
    """The agencies in the user's scope that any declaration is addressed to."""
    return agencies_for(user).filter(Exists(Declaration.objects.filter(agency=OuterRef("pk"))))


def without_sms(queryset: QuerySet[Declaration]) -> QuerySet[Declaration]:
    """Those of `queryset` that are approved and whose newest password message needs a person."""
    key = Concat(Value("declaration:"), Cast(OuterRef("pk"), CharField()))
    newest = Message.objects.filter(related_key=key, kind=MessageKind.CREDENTIAL).order_by("-pk").values("status")[:1]
    return queryset.filter(status=Status.APPROVED).annotate(sms=Subquery(newest)).filter(sms=MessageStatus.DEAD)


def same_paper(user: "User | AnonymousUser", declaration: Declaration) -> QuerySet[Declaration]:
    """Up to five other dossiers in the user's scope that carry the same identity paper: a hint of fraud, or a slip."""
    others = declarations_for(user).filter(paper_kind=declaration.paper_kind, paper_number=declaration.paper_number)
    return others.exclude(pk=declaration.pk).order_by("-pk")[:5]


def find_by_reference(user: "User | AnonymousUser", text: str) -> Declaration | None:
    """The dossier whose reference was typed or scanned, if it is in the user's scope."""
    reference = parse_reference(text)
    return declarations_for(user).filter(reference=reference).first() if reference else None


def search(queryset: QuerySet[Declaration], text: str) -> QuerySet[Declaration]:
    """Those of `queryset` with this reference, BHXH number, paper number, phone or part of a name.

    Numbers are taken in every form in which people write them; names with or without accents.
    """
    # No name and no number is longer; SQLite refuses to look for very long texts.
    typed = tidy(text[:1000])[:MAX_NAME]
    condition = Q()
    if reference := parse_reference(typed):
        condition |= Q(reference=reference)
    if number := parse_bhxh_number(typed):
        condition |= Q(bhxh_number=number)
    if _PAPER_NUMBER.fullmatch(compact(typed)):
        condition |= Q(paper_number=compact(typed))
    if phone := _phone(typed):
        condition |= Q(phone=phone)
    if any(symbol.isalpha() for symbol in typed):
        condition |= Q(name_key__contains=fold(typed))
    return queryset.filter(condition) if condition else queryset.none()


def _phone(text: str) -> str | None:
    try:
        return clean_phone(text)
    except ValidationError:
        return None


def open_counts(user: "User | AnonymousUser") -> dict[str, int]:
    """How many declarations in the user's scope stand in each status that is still open."""
    open_ones = declarations_for(user).filter(status__in=OPEN_STATUSES).order_by()
    return dict(open_ones.values_list("status").annotate(number=Count("pk")))


def open_dossiers(agency_ids: Collection[int]) -> dict[int, int]:
    """How many open declarations are addressed to each of these agencies, of those that have any."""
    rows = Declaration.objects.filter(agency__in=list(agency_ids), status__in=OPEN_STATUSES).order_by()
    return dict(rows.values_list("agency").annotate(number=Count("pk")))


def next_in_queue(user: "User | AnonymousUser", current: Declaration) -> Declaration | None:
    """The dossier after `current` in the queue, which then starts again; None when there is no other."""
    todo = declarations_for(user).filter(status__in=TODO_STATUSES)
    queue = todo.exclude(pk=current.pk).order_by(*QUEUE_ORDER)
    # One that has just been decided is taken to stand where it stood: among the papers to decide on.
    status = current.status if current.status in TODO_STATUSES else Status.RECEIVED
    later = Q(submitted_at__gt=current.submitted_at) | Q(submitted_at=current.submitted_at, pk__gt=current.pk)
    return queue.filter(Q(status__gt=status) | Q(later, status=status)).first() or queue.first()
