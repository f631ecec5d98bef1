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
        from registration import credentials as made
        from registration.desk import open_dossiers

        count_with(open_dossiers)
        register_secret_maker(MessageKind.CREDENTIAL, made.make_credential, made.check_credential)
        register_secret_maker(MessageKind.RESET_CODE, made.make_reset_code, made.check_reset_code)
        register_secret_maker(MessageKind.ACCESS_CODE, made.make_access_code, made.check_access_code)
