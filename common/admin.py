"""What every list and form of the staff desk keeps to, whoever asks by hand-made addresses.

Django lets a list be narrowed by any field, and by any field of what a filter stands on (`?token__regex=^a`):
letter by letter that reads what no page shows. Here only the declared filters narrow a list.
"""

import re
from typing import Any

from django.apps import apps
from django.contrib.admin.exceptions import DisallowedModelAdminLookup, DisallowedModelAdminToField, NotRegistered
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG, ORDER_VAR, SEARCH_VAR
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import InvalidPage
from django.db import DatabaseError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite
from unfold.views import ChangeList

# No filter's value, no name and no number is longer. Databases refuse to look for very long texts.
MAX_VALUE = 200
_ROW = re.compile(r"[0-9]{1,18}")
# What a database or its driver raises for a value that no column could hold.
_UNUSABLE = (ValueError, TypeError, OverflowError, ValidationError, DatabaseError)


class DeclaredChangeList(ChangeList):
    """A list that is narrowed and sorted by nothing but what its ModelAdmin declares."""

    query: str

    def get_filters(self, request: HttpRequest) -> Any:
        """Raises IncorrectLookupParameters for every parameter that none of the list's filters has taken."""
        try:
            found = super().get_filters(request)
        except DisallowedModelAdminLookup as refusal:
            raise IncorrectLookupParameters from refusal
        if found[2]:
            raise IncorrectLookupParameters
        return found

    def get_ordering_field(self, field_name: str) -> Any:
        """None, which leaves the column out of the order, for one that is not offered for sorting."""
        return super().get_ordering_field(field_name) if field_name in self.sortable_by else None

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        self.query = self.query[:MAX_VALUE]
        if not self.sortable_by:
            # Without its only columns the order asked for would be none, not the list's own.
            self.params.pop(ORDER_VAR, None)
        found: QuerySet[Any] = super().get_queryset(request, *args, **kwargs)
        return found

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
        except _UNUSABLE as problem:
            raise IncorrectLookupParameters from problem


class DeskModelAdmin(ModelAdmin):
    """The base of every list and form of the desk. A list that is asked for by other means than its own goes back to
    its beginning (`?e=1`), as Django does with what it cannot read."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DeclaredChangeList

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Raises IncorrectLookupParameters for values that no list can use, before anything is asked by them."""
        for name, values in request.GET.lists():
            if name != SEARCH_VAR and any("\0" in text or len(text) > MAX_VALUE for text in (name, *values)):
                raise IncorrectLookupParameters
        try:
            return super().get_changelist_instance(request)
        except DisallowedModelAdminToField as refusal:
            raise IncorrectLookupParameters from refusal

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if ERROR_FLAG in request.GET and len(request.GET) > 1:
            # Beside other parameters the flag would turn a second refusal into a page about a broken database.
            query = request.GET.copy()
            del query[ERROR_FLAG]
            setattr(request, "GET", query)  # noqa: B010 (typed as never assigned)
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Rows are chosen by their ids; what is none has not been chosen on this page."""
        chosen = request.POST.copy()
        ids = [each for each in chosen.getlist(ACTION_CHECKBOX_NAME) if _ROW.fullmatch(each)]
        chosen.setlist(ACTION_CHECKBOX_NAME, ids)
        setattr(request, "POST", chosen)  # noqa: B010 (typed as never assigned)
        response: HttpResponse | None = super().response_action(request, queryset)
        return response

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Nothing is filled in from an address: a link must not prepare what an administrator then saves."""
        return {}


class DeskSite(UnfoldAdminSite):
    """The staff desk, with the library's two searches kept to what the desk offers."""

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The menu's search. 404 for a page that is no page."""
        try:
            response: HttpResponse = super().search(request, extra_context)
        except (ValueError, InvalidPage) as problem:
            raise Http404 from problem
        return response

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Choices for the fields that declare it, for who may fill them in: 403 otherwise."""
        if not self._completes(request):
            raise PermissionDenied
        term = request.GET.get("term", "")
        if "\0" in term or len(term) > MAX_VALUE:
            raise Http404
        response: HttpResponse = super().autocomplete_view(request)
        return response

    def _completes(self, request: HttpRequest) -> bool:
        """Whether the form that the request names has such a field, and the person may use the form."""
        asked = [request.GET.get(name, "") for name in ("app_label", "model_name", "field_name")]
        try:
            form = self.get_model_admin(apps.get_model(asked[0], asked[1]))
        except (LookupError, ValueError, NotRegistered):
            return False
        may = form.has_change_permission(request) or form.has_add_permission(request)
        return may and asked[2] in form.get_autocomplete_fields(request)
