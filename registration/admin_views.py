"""The pages of one dossier: what it holds, its photos and document, and the decisions on it.

Each view asks three things on the server: the permission (403), the officer's agencies (404: elsewhere
nothing exists for them) and, in the services, the present status.
"""

import re
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from agencies.services import agencies_for
from notifications.enums import MessageKind, MessageStatus
from notifications.models import Attempt, Message
from registration import admin_paper, kept_reasons, services
from registration.access_codes import MESSAGE_KEY
from registration.admin_forms import DECISIONS, Decision, DecisionForm, open_decisions
from registration.answers import ANSWER_FIELDS, shown_answer, stored_answers
from registration.cards import compare
from registration.desk import declarations_for, next_in_queue, same_paper
from registration.doubts import doubts_of
from registration.enums import AccessKind, PhotoKind, Status
from registration.files import send_document, send_private
from registration.models import Attachment, Declaration, Document, in_form_order
from registration.services.access import record_access
from registration.services.access_codes import OFFICE_CODE_STATUSES

if TYPE_CHECKING:
    from accounts.models import User

VIEW_PERMISSION = "registration.view_declaration"
RESEND_PERMISSION = "registration.resend_declaration"
# Whoever may send a dossier back may also let its applicant in to correct it.
OPEN_CODE_PERMISSION = "registration.return_declaration"


def _officer(request: HttpRequest) -> "User":
    officer = cast("User", request.user)
    if not officer.has_perm(VIEW_PERMISSION):
        raise PermissionDenied
    return officer


def _dossier(officer: "User", pk: int) -> Declaration:
    queryset = declarations_for(officer).select_related("agency", "account")
    return get_object_or_404(queryset, pk=pk)


def dossier_url(declaration: Declaration) -> str:
    """Where the dossier opens."""
    return reverse("admin:registration_declaration_change", args=[declaration.pk])


@require_safe
def dossier(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about one declaration, and what can be decided on it now."""
    officer = _officer(request)
    declaration = _dossier(officer, pk)
    reason = kept_reasons.take(request, pk)
    form = DecisionForm(initial={"revision": declaration.revision, "reason": reason})
    return _page(request, officer, declaration, form, kept_reason=reason)


@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Take the decision `name`: 422 for a missing reason, 409 when the dossier has changed meanwhile.

    One that cannot be taken back is asked about first: a page with the question, whose button comes here again.
    A GET (signing in again leads here by that way) goes to the dossier and decides nothing.
    """
    officer, decision = _officer(request), DECISIONS[name]
    declaration = _dossier(officer, pk)
    if request.method == "GET":
        return redirect(dossier_url(declaration))
    if not officer.has_perm(decision.permission):
        raise PermissionDenied
    form = DecisionForm(request.POST, decision=decision)
    unseen = name == "receive" and admin_paper.is_unconfirmed(request, declaration)
    if not form.is_valid() or unseen:
        return _page(request, officer, declaration, form, status=422, unconfirmed=unseen)
    sure = request.POST.get("sure", "")
    if decision.question and sure != name and decision.is_open(declaration, officer):
        return _ask(request, officer, decision, declaration, form, goes_back=sure == "no")
    return _decided(request, officer, decision, declaration, form)


def _ask(
    request: HttpRequest,
    officer: "User",
    decision: Decision,
    declaration: Declaration,
    form: DecisionForm,
    *,
    goes_back: bool,
) -> HttpResponse:
    """The dossier with the decision's question in place of the buttons; going back it is as before, reason kept."""
    if goes_back:
        return _page(request, officer, declaration, form)
    url = reverse(f"admin:registration_declaration_{decision.name}", args=[declaration.pk])
    asked = {
        "decision": decision,
        "url": url,
        "question": decision.question % {"reference": declaration.reference_text},
    }
    return _page(request, officer, declaration, form, asked=asked)


def _decided(
    request: HttpRequest, officer: "User", decision: Decision, declaration: Declaration, form: DecisionForm
) -> HttpResponse:
    revision, reason = form.cleaned_data["revision"], form.cleaned_data["reason"]
    try:
        decision.apply(declaration.pk, officer=officer, revision=revision, reason=reason)
    except Declaration.DoesNotExist as error:
        raise Http404 from error
    except services.AlreadyDecided as refusal:
        declaration = _dossier(officer, declaration.pk)
        if not _is_own_repetition(declaration, officer, decision, revision):
            return _conflict(request, officer, declaration, reason, str(refusal.message))
    messages.success(request, decision.done % {"reference": declaration.reference_text})
    return HttpResponseRedirect(dossier_url(declaration))


def _is_own_repetition(declaration: Declaration, officer: "User", decision: Decision, revision: int) -> bool:
    """Whether a double click sent the same decision twice: the second must not read as a refusal."""
    last = declaration.changes.last()
    return (
        last is not None
        and declaration.revision == revision + 1
        and declaration.status == decision.to_status == last.to_status
        and last.changed_by_id == officer.pk
    )


def _conflict(
    request: HttpRequest, officer: "User", declaration: Declaration, reason: str, message: str
) -> HttpResponse:
    """The dossier as it is now, with what the officer had written."""
    form = DecisionForm(initial={"revision": declaration.revision, "reason": reason})
    return _page(request, officer, declaration, form, status=409, conflict=message, kept_reason=reason)


def _page(
    request: HttpRequest,
    officer: "User",
    declaration: Declaration,
    form: DecisionForm,
    *,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    record_access(declaration, officer, AccessKind.DOSSIER)
    request.current_app = admin.site.name
    sent = list(_messages(declaration))
    credential = next((each for each in reversed(sent) if each.kind == MessageKind.CREDENTIAL), None)
    every_photo = list(in_form_order(declaration.attachments.all()))
    photos = [photo for photo in every_photo if photo.version == declaration.version]
    documents = list(declaration.documents.only("version", "unreadable", "declaration_id", "data_sha256"))
    codes = admin_paper.check_codes(documents)
    context = {
        **admin.site.each_context(request),
        "opts": Declaration._meta,
        "original": declaration,
        "title": f"{declaration.reference_text} · {declaration.full_name}",
        "declaration": declaration,
        "photos": photos,
        "answers": _answers(declaration),
        "unreadable": _unreadable(declaration, documents),
        "check_code": codes.get(declaration.version, ""),
        "other_paper": admin_paper.other_paper(request, declaration, codes),
        "same_paper": same_paper(officer, declaration),
        "card": compare((photo.card for photo in photos), stored_answers(declaration)),
        "doubts": doubts_of(stored_answers(declaration)),
        "replaced": _replaced(declaration, every_photo),
        "earlier_versions": _earlier_versions(declaration, every_photo, codes),
        "changes": declaration.changes.select_related("changed_by"),
        "messages_sent": sent,
        "may_resend": declaration.status == Status.APPROVED and officer.has_perm(RESEND_PERMISSION),
        "may_give_code": declaration.status in OFFICE_CODE_STATUSES and officer.has_perm(OPEN_CODE_PERMISSION),
        "codes_given": declaration.access_events.filter(kind=AccessKind.OPEN_CODE)
        .select_related("user")
        .order_by("at"),
        "last_credential": credential,
        "sms_failed": bool(
            credential and credential.status == MessageStatus.DEAD and declaration.status == Status.APPROVED
        ),
        "is_waiting": declaration.status in (Status.SUBMITTED, Status.RETURNED),
        "expired": _expired(officer, declaration) if declaration.status == Status.EXPIRED else None,
        "decisions": _buttons(declaration, officer),
        "may_decide": any(officer.has_perm(decision.permission) for decision in DECISIONS.values()),
        "next_dossier": next_in_queue(officer, declaration),
        "form": form,
        **extra,
    }
    return TemplateResponse(request, "registration/admin/dossier.html", context, status=status)


def _answers(declaration: Declaration) -> list[dict[str, str]]:
    """What was declared, and beside what a correction changed the value before it."""
    stored, before = stored_answers(declaration), declaration.previous
    return [
        {
            "name": each.name,
            "label": str(each.label),
            "value": shown_answer(each.name, stored[each.name]),
            "before": _before(each.name, before[each.name]) if each.name in before else "",
        }
        for each in ANSWER_FIELDS
    ]


def _expired(officer: "User", declaration: Declaration) -> dict[str, Any]:
    """What an officer with a late paper in hand has to know of an expired dossier."""
    newer = services.newer_declarations(declaration).filter(agency__in=agencies_for(officer)).first()
    return {
        "awaits_paper": services.awaits_paper(declaration),
        "can_be_taken_up": services.can_be_taken_up(declaration),
        "newer": newer,
    }


def _before(name: str, stored: str) -> str:
    return shown_answer(name, stored) or _("None")


def _unreadable(declaration: Declaration, documents: list[Document]) -> list[str]:
    """The photos that the present version's document had to do without."""
    kinds = (kind for each in documents if each.version == declaration.version for kind in each.unreadable)
    return [str(PhotoKind(kind).label) for kind in kinds]


def _replaced(declaration: Declaration, photos: list[Attachment]) -> set[str]:
    """The kinds of photos that the last correction brought anew."""
    before = {photo.kind: photo.sha256 for photo in photos if photo.version == declaration.version - 1}
    now = (photo for photo in photos if photo.version == declaration.version)
    return {photo.kind for photo in now if before and before.get(photo.kind) != photo.sha256}


def _earlier_versions(
    declaration: Declaration, photos: list[Attachment], codes: dict[int, str]
) -> list[dict[str, Any]]:
    """What a correction replaced, newest first: the number of each version, its photos, the check code of its PDF."""
    return [
        {
            "version": version,
            "photos": [photo for photo in photos if photo.version == version],
            "check_code": codes.get(version, ""),
        }
        for version in range(declaration.version - 1, 0, -1)
    ]


def _buttons(declaration: Declaration, officer: "User") -> list[tuple[Decision, str]]:
    """The decisions that are open to this officer, each with the address that takes it."""
    return [
        (decision, reverse(f"admin:registration_declaration_{decision.name}", args=[declaration.pk]))
        for decision in open_decisions(declaration, officer)
    ]


def _messages(declaration: Declaration) -> Any:
    """Kind, state, times and every try of what was sent; neither text nor secret is read from the database."""
    times = ("created_at", "sent_at", "finished_at", "next_attempt_at")
    codes = declaration.access_codes.filter(issued_by=None).order_by("-pk").values_list("pk", flat=True)[:20]
    keys = [declaration.message_key, *(f"{MESSAGE_KEY}{code_id}" for code_id in codes)]
    related = Message.objects.filter(related_key__in=keys).order_by("pk")
    tries = Prefetch("tries", Attempt.objects.order_by("pk"))
    return related.only("kind", "status", "attempts", "last_error_code", *times).prefetch_related(tries)


@require_http_methods(["GET", "POST"])
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a new one-time password in place of the last one. A GET (signing in again) sends nothing."""
    officer = _officer(request)
    declaration = _dossier(officer, pk)
    if request.method == "GET":
        return redirect(dossier_url(declaration))
    if not officer.has_perm(RESEND_PERMISSION):
        raise PermissionDenied
    seen = request.POST.get("seen", "")
    try:
        services.resend_credential(pk, officer=officer, seen=int(seen) if seen.isascii() and seen.isdecimal() else 0)
    except services.RegistrationError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("A new password is being sent by SMS. The one sent before no longer works."))
    return redirect(dossier_url(declaration))


@never_cache
@sensitive_variables()
@require_http_methods(["GET", "POST"])
def open_code(request: HttpRequest, pk: int) -> HttpResponse:
    """A code for the applicant, shown on the answer and nowhere again. A GET (signing in again) gives none."""
    officer = _officer(request)
    declaration = _dossier(officer, pk)
    if request.method == "GET":
        return redirect(dossier_url(declaration))
    if not officer.has_perm(OPEN_CODE_PERMISSION):
        raise PermissionDenied
    try:
        digits = services.issue_access_code(pk, officer=officer)
    except services.RegistrationError as refusal:
        messages.error(request, str(refusal.message))
        return redirect(dossier_url(declaration))
    form = DecisionForm(initial={"revision": declaration.revision})
    grouped = " ".join(digits[place : place + 4] for place in range(0, len(digits), 4))
    return _page(request, officer, declaration, form, given_code=grouped)


@require_safe
def photo(request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
    """One photo of the present version, or of the one that `version` names, in full."""
    officer = _officer(request)
    declaration = _dossier(officer, pk)
    attachment = get_object_or_404(declaration.attachments, version=_asked_version(request, declaration), kind=kind)
    record_access(declaration, officer, AccessKind.PHOTO)
    return send_private(attachment.file, content_type="image/jpeg", filename=f"{kind}.jpg")


@require_safe
def document(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The PDF declaration of the present version, or of the one that `version` names, as the citizen printed it."""
    officer = _officer(request)
    declaration = _dossier(officer, pk)
    version = _asked_version(request, declaration)
    if version == declaration.version:
        stored = services.offer_document(declaration)
    else:
        stored = get_object_or_404(declaration.documents, version=version)
    if stored is None:
        if not declaration.unprintable:  # the dossier itself says what cannot be printed
            messages.error(request, _("The PDF cannot be made now. It is tried again every minute."))
        return redirect(dossier_url(declaration))
    record_access(declaration, officer, AccessKind.DOCUMENT)
    filename = _("declaration-%(reference)s.pdf") % {"reference": declaration.reference_text}
    return send_document(request, stored.file, sha256=stored.sha256, size=stored.size, filename=filename)


def _asked_version(request: HttpRequest, declaration: Declaration) -> int:
    asked = request.GET.get("version", "")
    return int(asked) if re.fullmatch(r"[0-9]{1,4}", asked) else declaration.version
