"""Several dossiers decided in one go: a bundle of papers recorded as received, checked dossiers approved.

The queue's action leads to a page that lists what was chosen and what speaks against it; only that page decides.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, OuterRef, Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from registration import services
from registration.admin_forms import DECISIONS, Decision
from registration.answers import stored_answers
from registration.cards import compare
from registration.desk import QUEUE_ORDER, declarations_for
from registration.doubts import doubts_of
from registration.enums import AccessKind, Status
from registration.models import AccessEvent, Attachment, Declaration, Document
from registration.references import format_reference

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from accounts.models import User

# More than anybody looks through in one go; the form has a field for each.
MAX_TOGETHER = 200
_SEEN = re.compile(r"(\d{1,18}):(\d{1,9})", re.ASCII)


@dataclass(frozen=True)
class Together:
    """A decision that can be taken on several dossiers. `service` takes what was seen and returns those decided."""

    decision: Decision
    title: "StrOrPromise"
    explanation: "StrOrPromise"
    service: Callable[..., list[Declaration]]
    # Said when none of the chosen dossiers is at the right step.
    nothing: "StrOrPromise"
    # Whether each dossier should have been looked at first.
    needs_look: bool


TOGETHER = {
    together.decision.name: together
    for together in (
        Together(
            DECISIONS["receive"],
            gettext_lazy("Record several papers as received"),
            gettext_lazy("The signed papers of these declarations lie before you."),
            services.receive_declarations,
            gettext_lazy("None of the chosen dossiers waits for its paper."),
            needs_look=False,
        ),
        Together(
            DECISIONS["approve"],
            gettext_lazy("Approve several dossiers"),
            gettext_lazy("Each citizen gets an account, and its password by SMS."),
            services.approve_declarations,
            gettext_lazy("The paper of none of the chosen dossiers has been recorded as received."),
            needs_look=True,
        ),
    )
}


@dataclass
class Chosen:
    """A dossier in the list, with what speaks against deciding it without another look."""

    declaration: Declaration
    hints: list[str] = field(default_factory=list)

    @property
    def seen(self) -> str:
        return f"{self.declaration.pk}:{self.declaration.revision}"


def offer(request: HttpRequest, queryset: QuerySet[Declaration], name: str) -> HttpResponse | None:
    """From the queue to the page about what was chosen there; back to the queue when that is too much."""
    chosen = list(queryset.values_list("pk", flat=True)[: MAX_TOGETHER + 1])
    if len(chosen) > MAX_TOGETHER:
        messages.error(request, _("At most %(limit)d dossiers can be taken at once.") % {"limit": MAX_TOGETHER})
        return None
    ids = ",".join(map(str, chosen))
    return redirect(reverse("admin:registration_declaration_together", args=[name], query={"ids": ids}))


@require_http_methods(["GET", "POST"])
def decide_together(request: HttpRequest, name: str) -> HttpResponse:
    """GET: what was chosen (`ids`), with what speaks against it. POST: the decision on all that are ticked (`seen`).

    Those that changed meanwhile are named and left alone. 422, with the same list, when nothing is ticked.
    """
    together, officer = TOGETHER.get(name), cast("User", request.user)
    if together is None:
        raise Http404
    if not (officer.has_perm("registration.view_declaration") and officer.has_perm(together.decision.permission)):
        raise PermissionDenied
    seen = _parse(request.POST.getlist("seen"))
    if request.method == "GET" or not seen:
        return _page(request, together, officer)
    decided = together.service(seen, officer=officer)
    _tell(request, together, officer, seen, {declaration.pk for declaration in decided})
    return redirect(_queue(together))


def _queue(together: Together) -> str:
    """The queue at the tab from which these dossiers come."""
    return reverse("admin:registration_declaration_changelist", query={"status": together.decision.from_statuses[0]})


def _page(request: HttpRequest, together: Together, officer: "User") -> HttpResponse:
    ids = [int(text) for text in request.GET.get("ids", "").split(",") if re.fullmatch(r"[0-9]{1,18}", text)]
    chosen = list(declarations_for(officer).filter(pk__in=ids[:MAX_TOGETHER]).order_by(*QUEUE_ORDER))
    fitting = [each for each in chosen if together.decision.is_open(each, officer)]
    if not fitting:
        messages.error(request, together.nothing)
        return redirect(_queue(together))
    rows = look_through(officer, fitting) if together.needs_look else [Chosen(each, _late(each)) for each in fitting]
    request.current_app = admin.site.name
    context = {
        **admin.site.each_context(request),
        "opts": Declaration._meta,
        "title": together.title,
        "together": together,
        "rows": rows,
        "left_out": len(chosen) - len(fitting),
        "queue_url": _queue(together),
        "nothing_ticked": request.method == "POST",
    }
    status = 422 if request.method == "POST" else 200
    return TemplateResponse(request, "registration/admin/together.html", context, status=status)


def _late(declaration: Declaration) -> list[str]:
    if declaration.status != Status.EXPIRED:
        return []
    return [_("expired on %(date)s") % {"date": date_format(timezone.localtime(declaration.expires_at), "DATE_FORMAT")}]


def look_through(officer: "User", declarations: Sequence[Declaration]) -> list[Chosen]:
    """Each with its hints. As many queries for two hundred as for one."""
    opened = AccessEvent.objects.filter(
        declaration=OuterRef("pk"), kind=AccessKind.DOSSIER, at__gt=OuterRef("submitted_at")
    )
    same_paper = declarations_for(officer).filter(
        paper_kind=OuterRef("paper_kind"), paper_number=OuterRef("paper_number")
    )
    found = (
        Declaration.objects.filter(pk__in=[each.pk for each in declarations])
        .annotate(is_opened=Exists(opened), shares_paper=Exists(same_paper.exclude(pk=OuterRef("pk"))))
        .prefetch_related(
            _of_version("attachments", Attachment.objects.all()), _of_version("documents", Document.objects.all())
        )
    )
    hints = {each.pk: list(_hints(each)) for each in found}
    return [Chosen(each, hints[each.pk]) for each in declarations]


def _of_version(relation: str, rows: "QuerySet[Any]") -> "Prefetch[Any]":
    return Prefetch(relation, rows.filter(version=F("declaration__version")), to_attr=f"present_{relation}")


def _hints(declaration: Any) -> Iterable[str]:
    if not declaration.is_opened:
        yield _("nobody has opened it yet")
    if any(document.unreadable for document in declaration.present_documents):
        yield _("a photo is lost or damaged")
    photos = declaration.present_attachments
    answers = stored_answers(declaration)
    for found in compare((photo.card for photo in photos), answers)["differs"]:
        yield _("not as on the card: %(label)s, %(remark)s") % {"label": found.label, "remark": found.remark}
    yield from (str(doubt.remark) for doubt in doubts_of(answers))
    if declaration.contested:
        yield _("somebody else has claimed this number, too")
    if declaration.shares_paper:
        yield _("the identity paper stands on another declaration")
    yield from (f"{photo.get_kind_display()}: {word}" for photo in photos for word, _text in photo.quality_marks())


def _parse(texts: Sequence[str]) -> dict[int, int]:
    found = (_SEEN.fullmatch(text) for text in texts[:MAX_TOGETHER])
    return {int(match[1]): int(match[2]) for match in found if match}


def _tell(request: HttpRequest, together: Together, officer: "User", seen: dict[int, int], decided: set[int]) -> None:
    if decided:
        done = ngettext("%(count)d dossier: %(status)s.", "%(count)d dossiers: %(status)s.", len(decided))
        messages.success(request, done % {"count": len(decided), "status": together.decision.to_status.label})
    left = declarations_for(officer).filter(pk__in=seen.keys() - decided).values_list("reference", flat=True)
    if references := [format_reference(reference) for reference in left]:
        text = _("Changed meanwhile and left alone; open them and look again: %(references)s.")
        messages.warning(request, text % {"references": ", ".join(references)})
    elif not decided:
        messages.error(request, together.nothing)
