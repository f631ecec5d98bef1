from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegistrationConfig(AppConfig):
    name = "registration"
    verbose_name = _("Registration")

    def ready(self) -> None:
        from agencies.work import count_with
        from notifications.enums import MessageKind
        from notifications.secrets import register_secret_maker
        from registration import checks  # noqa: F401 (importing registers them)
        from registration.credentials import check_credential, check_reset_code, make_credential, make_reset_code
        from registration.desk import open_dossiers

        count_with(open_dossiers)
        register_secret_maker(MessageKind.CREDENTIAL, make_credential, check_credential)
        register_secret_maker(MessageKind.RESET_CODE, make_reset_code, check_reset_code)
