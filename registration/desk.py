"""What the staff desk looks up: an officer's dossiers, the order of the queue, the search."""

import re
from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Concat, Right
from django.db.models.lookups import Exact
from django.urls import reverse

from accounts.numbers import parse_bhxh_number
from agencies.models import AgencyQuerySet
from agencies.services import agencies_for
from common.text import compact, name_key, tidy
from notifications.enums import MessageKind, MessageStatus
from notifications.models import Message
from registration.enums import OPEN_STATUSES, Status
from registration.models import ENDING_LENGTH, ENDINGS, Declaration
from registration.references import Scan, parse_reference, possible_scans
from registration.validators import clean_phone

if TYPE_CHECKING:
    from accounts.models import User

# What waits for the office: papers to decide on, and declarations whose paper is awaited.
TODO_STATUSES = (Status.SUBMITTED, Status.RECEIVED)
# By the letters, received stands before submitted: papers on the desk first, then whoever has waited longest.
QUEUE_ORDER = ("status", "submitted_at", "pk")
# A passport (up to 9 letters and digits), CMND or CCCD; without a digit it is a word of a name.
_PAPER_NUMBER = re.compile(r"(?=[A-Z]*\d)[A-Z0-9]{1,12}", re.ASCII)
# The last digits of a number, as people read them from a screen or a paper.
_ENDING = re.compile(r"\d{4,11}", re.ASCII)
_MAX_WORDS = 10


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
    """Up to five other dossiers in the user's scope that carry the same identity paper: a hint of fraud, or a slip.

    Those with an account stand first, so that newer dossiers never push them out; then the open ones, then the closed.
    """
    others = declarations_for(user).filter(paper_kind=declaration.paper_kind, paper_number=declaration.paper_number)
    weight = Case(
        When(status__in=(Status.APPROVED, Status.ACTIVE), then=0), When(status__in=OPEN_STATUSES, then=1), default=2
    )
    return others.exclude(pk=declaration.pk).order_by(weight, "-pk")[:5]


def find_scanned(user: "User | AnonymousUser", text: str) -> tuple[Declaration, Scan] | None:
    """The dossier whose reference was typed or scanned, if it is in the user's scope, and what the code said."""
    scans = {scan.reference: scan for scan in reversed(possible_scans(text))}
    found = declarations_for(user).filter(reference__in=scans).first() if scans else None
    return (found, scans[found.reference]) if found else None


def dossier_address(declaration: Declaration, scan: Scan | None = None) -> str:
    """Where the dossier opens; after the scan of a paper that is not the present version, with that version.

    0 stands for a code that names none (papers printed before codes did), where there has been more than one.
    """
    is_other = scan and scan.version != declaration.version and (scan.version or declaration.version > 1)
    query = {"scanned": scan.version or 0} if scan and is_other else None
    return reverse("admin:registration_declaration_change", args=[declaration.pk], query=query)


def find_address(user: "User | AnonymousUser", text: str) -> str | None:
    """Where the one dossier in the user's scope opens that has this reference or number, typed or scanned."""
    if scanned := find_scanned(user, text):
        return dossier_address(*scanned)
    found = _find_by_number(user, text)
    return dossier_address(found) if found else None


def _find_by_number(user: "User | AnonymousUser", text: str) -> Declaration | None:
    """The one with this number; None where there is none or a choice.

    A number counts whole or, from four digits on, as the end of one; a whole one goes before.
    """
    for condition in (_whole_number(text), _number_ending(compact(text))):
        if condition and (found_ones := list(declarations_for(user).filter(condition)[:2])):
            return found_ones[0] if len(found_ones) == 1 else None
    return None


def search(queryset: QuerySet[Declaration], text: str) -> QuerySet[Declaration]:
    """Those of `queryset` with this reference, number or end of a number, or with all of these words in the name.

    Numbers are taken in every form in which people write them; names with or without accents, their words in any
    order, unfinished, and beside the end of a number ("loan 5678").
    """
    condition = _whole_number(text) | _number_ending(compact(text)) | _words(text)
    if reference := parse_reference(tidy(text)):
        condition |= Q(reference=reference)
    return queryset.filter(condition) if condition else queryset.none()


def _whole_number(text: str) -> Q:
    condition, symbols = Q(), compact(text)
    if number := parse_bhxh_number(text):
        condition |= Q(bhxh_number=number)
    if _PAPER_NUMBER.fullmatch(symbols):
        condition |= Q(paper_number=symbols)
    with suppress(ValidationError):
        condition |= Q(phone=clean_phone(text))
    return condition


def _number_ending(symbols: str) -> Q:
    """Phone, BHXH number or paper number with this end; of the last four digits there is an index."""
    condition = Q()
    if _ENDING.fullmatch(symbols):
        for name in ENDINGS:
            last = Q(Exact(Right(name, ENDING_LENGTH), symbols[-ENDING_LENGTH:]))
            condition |= last & Q(**{f"{name}__endswith": symbols})
    return condition


def _words(text: str) -> Q:
    """Every word in the name; digits among them are the end of a number, and in a name there are none."""
    words = name_key(text).split()[:_MAX_WORDS]
    condition = Q()
    for word in words:
        ending = _number_ending(word)
        if not (ending or word.isalpha()):
            return Q()
        condition &= ending or Q(name_key__contains=word)
    return condition if any(map(str.isalpha, words)) else Q()


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
