"""Kiểm tra tờ khai: is this paper the registered one? And where the paper's QR code leads."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from registration import cookies, services
from registration.desk import dossier_address, find_scanned
from registration.proof_forms import FileForm, HashForm
from registration.references import format_reference, parse_scan, scan_text


@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Two forms on one page; the answer on the same address, so that nothing of the paper stands in it.

    An unknown reference, a wrong code and a changed file get one and the same answer.
    """
    if request.method != "POST":
        return _page(request, FileForm(), HashForm())
    is_file = "data_hash" not in request.POST
    form = FileForm(request.POST, request.FILES) if is_file else HashForm(request.POST)
    forms = (form, HashForm()) if is_file else (FileForm(), form)
    if not form.is_valid():
        return _page(request, *forms, invalid=form, status=422)
    found = _find(form)
    return _page(request, *forms, asked=True, by_file=is_file, found=found, other_version=_other_version(form, found))


def _find(form: FileForm | HashForm) -> services.Registered | None:
    if isinstance(form, FileForm):
        return services.find_by_file(form.sha256())
    return services.find_by_hash(form.cleaned_data["reference"], form.cleaned_data["data_hash"])


def _other_version(form: FileForm | HashForm, found: services.Registered | None) -> int | None:
    """The version that the scanned code names where the check code belongs to another one."""
    version = form.scanned_version if isinstance(form, HashForm) else None
    return version if found and version != found.version else None


def _page(
    request: HttpRequest, file_form: object, hash_form: object, *, status: int = 200, **extra: object
) -> HttpResponse:
    context = {"file_form": file_form, "hash_form": hash_form, **extra}
    return render(request, "registration/verify.html", context, status=status)


@require_safe
def scan(request: HttpRequest, reference: str) -> HttpResponse:
    """The QR codes' address: staff come to the dossier, if it is theirs to see, all others to the tracking page.

    `reference` may name the paper's version, too (`F929-9MT6-6-2`).

    Whether the reference exists makes no difference to the others: it is put into the form as it is.
    """
    user = request.user
    if user.is_staff and user.has_perm("registration.view_declaration"):
        found = find_scanned(user, reference)
        if found is not None:
            return redirect(dossier_address(*found))
    response = redirect("registration:track")
    if (parsed := parse_scan(reference)) is not None:
        # With the version, so that the answer can say whether this paper still counts.
        shown = format_reference(parsed.reference)
        cookies.remember_reference(response, scan_text(shown, parsed.version) if parsed.version else shown)
    else:
        # Not the reference of the paper that was scanned before.
        cookies.forget_reference(response)
        messages.warning(request, _("This QR code is not that of a declaration. Type the reference from the paper."))
    return response
