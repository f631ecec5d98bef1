"""Messages at the staff desk: to look at, never to change. The secret is in no field."""

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from post_office.models import Attachment, Email, EmailTemplate, Log
from unfold.admin import TabularInline

from common.admin import DeskModelAdmin
from notifications.models import Attempt, Message
from notifications.phones import phone_matches

# The library's own pages let templates be written and notices be sent again; neither is wanted here.
admin.site.unregister([Attachment, Email, EmailTemplate, Log])


class ReadOnlyForSuperusers:
    """Staff are scoped by agency and a message knows no agency: only superusers look here."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.is_active and request.user.is_superuser

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class AttemptInline(ReadOnlyForSuperusers, TabularInline):
    model = Attempt
    fields = ["number", "gateway", "started_at", "finished_at", "outcome", "code"]
    readonly_fields = fields
    extra = 0


@admin.register(Message)
class MessageAdmin(ReadOnlyForSuperusers, DeskModelAdmin):
    list_display = ["id", "kind", "phone", "status", "attempts", "last_error_code", "created_at", "sent_at"]
    list_filter = ["status", "kind"]
    # Only opens the search box: get_search_results decides what is found.
    search_fields = ["phone"]
    show_full_result_count = False
    fields = [
        "kind",
        "status",
        "phone",
        "body",
        "account",
        "related_key",
        "attempts",
        "next_attempt_at",
        "lease_until",
        "last_error_code",
        "gateway",
        "provider_message_id",
        "request_id",
        "secret_expires_at",
        "created_at",
        "sent_at",
        "finished_at",
    ]
    readonly_fields = fields
    inlines = [AttemptInline]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        """By phone in any usual form, whole or in part."""
        return (queryset.filter(phone_matches(search_term)) if search_term else queryset), False


@admin.register(Email)
class EmailAdmin(ReadOnlyForSuperusers, DeskModelAdmin):
    list_display = ["id", "to", "subject", "status", "number_of_retries", "created", "last_updated"]
    list_filter = ["status"]
    # The library's own page has buttons of its ModelAdmin.
    change_form_template = "admin/change_form.html"
    show_full_result_count = False
    fields = ["status", "to", "subject", "message", "number_of_retries", "scheduled_time", "created", "last_updated"]
    readonly_fields = fields
