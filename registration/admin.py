"""The queue of the staff desk. A dossier is only looked at here; decisions are views of `admin_views`."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from agencies.services import agencies_for
from common.admin import DeskModelAdmin
from registration import admin_together, admin_views, desk, kept_reasons
from registration.admin_filters import TODO, AgencyFilter, StatusFilter, shown_status, status_tabs
from registration.admin_forms import DECISIONS
from registration.desk_misses import why_no_dossier
from registration.enums import OPEN_STATUSES, Status
from registration.models import Declaration
from registration.services.expiry import is_due_soon


@admin.register(Declaration)
class DeclarationAdmin(DeskModelAdmin):
    list_display = (
        "reference_text",
        "full_name",
        "bhxh_number",
        "agency_label",
        "status_label",
        "submitted",
    )
    list_display_links = ("reference_text",)
    list_filter = (StatusFilter, AgencyFilter, "submitted_at")
    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    # Opens the search; get_search_results decides what is found.
    search_fields = ("reference",)
    # The queue has one order; sorting by columns without an index would not last as the list grows.
    sortable_by = ()
    actions = ("receive_together", "approve_together")
    actions_selection_counter = True
    list_before_template = "registration/admin/_tabs.html"
    change_list_template = "registration/admin/queue.html"

    @admin.display(description=_("reference"))
    def reference_text(self, declaration: Declaration) -> SafeString:
        return format_html('<span class="desk-nowrap">{}</span>', declaration.reference_text)

    @admin.display(description=_("receiving agency"))
    def agency_label(self, declaration: Declaration) -> str:
        return declaration.agency_label

    @admin.display(description=_("status"))
    def status_label(self, declaration: Declaration) -> SafeString:
        """The status; while the paper is awaited also until when, marked when that is near."""
        label = declaration.get_status_display()
        badge = format_html('<span class="desk-status desk-status--{}">{}</span>', declaration.status, label)
        if declaration.status not in (Status.SUBMITTED, Status.RETURNED):
            return badge
        soon = " desk-due--soon" if is_due_soon(declaration) else ""
        due = date_format(timezone.localtime(declaration.expires_at), "DATE_FORMAT")
        return format_html('{} <span class="desk-due{}">{} {}</span>', badge, soon, _("paper due by"), due)

    @admin.display(description=_("submitted"))
    def submitted(self, declaration: Declaration) -> SafeString:
        at = date_format(timezone.localtime(declaration.submitted_at), "DATETIME_FORMAT")
        return format_html('<span class="desk-nowrap">{}</span>', at)

    @admin.action(description=admin_together.TOGETHER["receive"].title, permissions=["receive"])
    def receive_together(self, request: HttpRequest, queryset: QuerySet[Declaration]) -> HttpResponse | None:
        return admin_together.offer(request, queryset, "receive")

    @admin.action(description=admin_together.TOGETHER["approve"].title, permissions=["approve"])
    def approve_together(self, request: HttpRequest, queryset: QuerySet[Declaration]) -> HttpResponse | None:
        return admin_together.offer(request, queryset, "approve")

    def has_receive_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(DECISIONS["receive"].permission))

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(DECISIONS["approve"].permission))

    def has_view_permission(self, request: HttpRequest, obj: Declaration | None = None) -> bool:
        return bool(request.user.has_perm(admin_views.VIEW_PERMISSION))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Declaration | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Declaration | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Declaration]:
        return desk.declarations_for(request.user)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """What waits is served in turn; everything else is looked up, the newest first."""
        return desk.QUEUE_ORDER if shown_status(request) in (TODO, *OPEN_STATUSES) else ("-submitted_at", "-pk")

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """An officer of one agency alone needs no column that says the same in every row."""
        if len(desk.declared_agencies(request.user)[:2]) > 1:
            return self.list_display
        return tuple(column for column in self.list_display if column != "agency_label")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Declaration], search_term: str
    ) -> tuple[QuerySet[Declaration], bool]:
        return (desk.search(queryset, search_term) if search_term.strip() else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The queue; a reference or number that only one dossier has, typed or scanned, opens it at once."""
        typed = request.GET.get("q", "")
        if self.has_view_permission(request) and (address := desk.find_address(request.user, typed)):
            return redirect(address)
        has_agency = request.user.is_superuser or agencies_for(request.user).exists()
        context = {**(extra_context or {}), "title": _("Declarations"), "has_agency": has_agency}
        response: HttpResponse = super().changelist_view(request, context)
        page = getattr(response, "context_data", None) or {}
        if changelist := page.get("cl"):
            page["tabs"] = status_tabs(request, changelist)
            # Nothing is said of a total: it was not counted, and the theme's "Show all" would show the same.
            changelist.full_result_count = changelist.result_count
            if not changelist.result_count and (why := why_no_dossier(typed, request.user.pk or 0)):
                messages.warning(request, why)
        return response

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        # The longest id that every database takes.
        if not (object_id.isdecimal() and object_id.isascii() and len(object_id) < 19):
            raise Http404
        return admin_views.dossier(request, int(object_id))

    def not_here(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Declarations come from citizens and stay; what happened to one is on its dossier."""
        raise Http404

    add_view = delete_view = history_view = not_here

    def get_urls(self) -> list[URLPattern]:
        decisions = [self._decision(name) for name in DECISIONS]
        resend = self._page("resend", admin_views.resend, "resend")
        open_code = self._page("open-code", admin_views.open_code, "open_code")
        photo = self._page("photo/<slug:kind>", admin_views.photo, "photo")
        document = self._page("pdf", admin_views.document, "pdf")
        return [*self._together(), *decisions, resend, open_code, photo, document, *super().get_urls()]

    def _together(self) -> list[URLPattern]:
        """One address a decision, under one name: an unknown one is nobody's."""
        view = self.admin_site.admin_view(admin_together.decide_together)
        name = "registration_declaration_together"
        return [path("together/<slug:name>/", view, name=name)]

    def _decision(self, name: str) -> URLPattern:
        view = self.admin_site.admin_view(partial(admin_views.decide, name=name))
        return self._address(name, kept_reasons.kept(view), name)

    def _page(self, route: str, view: Any, name: str) -> URLPattern:
        return self._address(route, self.admin_site.admin_view(view), name)

    def _address(self, route: str, view: Any, name: str) -> URLPattern:
        page: URLPattern = path(f"<int:pk>/{route}/", view, name=f"registration_declaration_{name}")
        return page
