from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        # A server or a worker that could not send, or could not open a secret, does not start.
        from notifications import gateways, secrets

        gateways.check_settings()
        secrets.check_settings()
