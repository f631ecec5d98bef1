"""The queue of the staff desk. A dossier is only looked at here; decisions are the views of `admin_views`."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from agencies.services import agencies_for
from registration import admin_views
from registration.admin_forms import DECISIONS
from registration.desk import QUEUE_ORDER, TODO_STATUSES, declarations_for, find_by_reference, open_counts, search
from registration.enums import Status
from registration.models import Declaration

TODO, ALL = "todo", "all"
# A declaration is never stored as a draft.
_STATUSES = [(status.value, status.label) for status in Status if status != Status.DRAFT]
_TABS = (TODO, Status.RECEIVED, Status.SUBMITTED, Status.RETURNED, ALL)


def shown_status(request: HttpRequest) -> str:
    """The status whose dossiers the list shows: what is to do, unless asked otherwise; a search looks everywhere."""
    asked = request.GET.get("status", "")
    if asked in {TODO, ALL, *Status.values}:
        return asked
    return ALL if request.GET.get("q") else TODO


class StatusFilter(admin.SimpleListFilter):
    title = _("status")
    parameter_name = "status"

    def __init__(self, request: HttpRequest, params: dict[str, list[str]], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.shown = shown_status(request)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(TODO, _("To do")), *_STATUSES, (ALL, _("All statuses"))]

    def choices(self, changelist: Any) -> Iterator[Any]:
        for value, title in self.lookup_choices:
            query = changelist.get_query_string({"status": value}, ["p"])
            yield {"selected": value == self.shown, "query_string": query, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.shown == ALL:
            return queryset
        return queryset.filter(status__in=TODO_STATUSES if self.shown == TODO else (self.shown,))


class AgencyFilter(admin.SimpleListFilter):
    title = _("agency")
    parameter_name = "agency"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The officer's agencies that have declarations; with one alone there is nothing to choose."""
        agencies = [(agency.code, agency.label) for agency in declared_agencies(request.user)]
        return agencies if len(agencies) > 1 else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(agency__code=self.value()) if self.value() else queryset


@admin.register(Declaration)
class DeclarationAdmin(ModelAdmin):
    list_display = (
        "reference_text", "full_name", "bhxh_number", "agency_label", "status_label", "submitted", "paper_due",
    )  # fmt: skip
    list_display_links = ("reference_text", "full_name")
    list_filter = (StatusFilter, AgencyFilter, "submitted_at")
    list_select_related = ("agency",)
    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    # Opens the search; get_search_results decides what is found.
    search_fields = ("reference",)
    # The queue has one order; sorting by columns without an index would not last as the list grows.
    sortable_by = ()
    actions = None
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
        return format_html(
            '<span class="desk-status desk-status--{}">{}</span>', declaration.status, declaration.get_status_display()
        )

    @admin.display(description=_("submitted"))
    def submitted(self, declaration: Declaration) -> SafeString:
        at = date_format(localtime(declaration.submitted_at), "DATETIME_FORMAT")
        return format_html('<span class="desk-nowrap">{}</span>', at)

    @admin.display(description=_("paper due by"), empty_value="–")
    def paper_due(self, declaration: Declaration) -> str | None:
        if declaration.status not in (Status.SUBMITTED, Status.RETURNED):
            return None
        return date_format(localtime(declaration.expires_at), "DATE_FORMAT")

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
        return declarations_for(request.user)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return QUEUE_ORDER if shown_status(request) == TODO else ("-submitted_at", "-pk")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Declaration], search_term: str
    ) -> tuple[QuerySet[Declaration], bool]:
        return (search(queryset, search_term) if search_term.strip() else queryset), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The queue; an exact reference, typed or scanned, opens its dossier at once."""
        if self.has_view_permission(request) and (found := find_by_reference(request.user, request.GET.get("q", ""))):
            return redirect(admin_views.dossier_url(found))
        has_agency = request.user.is_superuser or agencies_for(request.user).exists()
        response: HttpResponse = super().changelist_view(request, {**(extra_context or {}), "has_agency": has_agency})
        changelist = getattr(response, "context_data", {}).get("cl")
        if changelist is not None:
            response.context_data["tabs"] = _tabs(request, changelist)  # type: ignore[attr-defined]
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not (object_id.isdecimal() and object_id.isascii() and len(object_id) < 19):
            raise Http404
        return admin_views.dossier(request, int(object_id))

    def not_here(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Declarations come from citizens and stay; their history is on the dossier."""
        raise Http404

    add_view = delete_view = history_view = not_here

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any, name: str) -> URLPattern:
            return path(f"<int:pk>/{route}/", self.admin_site.admin_view(view), name=f"registration_declaration_{name}")

        decisions = [page(name, partial(admin_views.decide, name=name), name) for name in DECISIONS]
        files = [
            page("photo/<str:kind>", admin_views.photo, "photo"),
            page("pdf", admin_views.document, "pdf"),
        ]
        return [*decisions, *files, *super().get_urls()]


def _tabs(request: HttpRequest, changelist: Any) -> list[dict[str, Any]]:
    """The statuses that an officer works through, with how many stand in each."""
    counts = open_counts(request.user)
    counts[TODO] = sum(counts.get(status, 0) for status in TODO_STATUSES)
    labels = dict([(TODO, _("To do")), *_STATUSES, (ALL, _("All statuses"))])
    shown = shown_status(request)
    return [
        {
            "label": labels[tab],
            "count": None if tab == ALL else counts.get(tab, 0),
            "url": changelist.get_query_string({"status": tab}, ["p", "q"]),
            "is_shown": tab == shown,
        }
        for tab in _TABS
    ]
