"""How a typed password is read, and what one that a person chooses has to be."""

import unicodedata
from typing import TYPE_CHECKING

from django.contrib.auth.password_validation import UserAttributeSimilarityValidator, validate_password
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.codes import MAX_TYPED, clean_code, plain_text

if TYPE_CHECKING:
    from accounts.models import User

# Longer ones are refused when they are chosen. Signing in takes up to MAX_TYPED: there may be older ones.
MAX_CHOSEN = 128
SAME = "same"
# By the codes of AUTH_PASSWORD_VALIDATORS: told before a password is chosen, and of each that was not kept.
RULES: dict[str, Promise] = {
    "password_too_short": gettext_lazy("at least 8 characters"),
    "password_entirely_numeric": gettext_lazy("not digits alone"),
    "password_too_common": gettext_lazy("not one that many people use, such as abcd1234"),
    "password_too_similar": gettext_lazy("not like your BHXH number, your name or your phone"),
    SAME: gettext_lazy("not the one that you have now"),
}


def chosen_form(password: str) -> str:
    """A chosen password as it is stored: every sign of it, in NFC, which one phone types and another does not."""
    return unicodedata.normalize("NFC", password) if len(password) <= MAX_TYPED else password


def readings(typed: str, *, machine_made: bool) -> list[str]:
    """What a typed password may mean, to be compared with an account's hash one by one.

    A chosen one: in NFC, and as older hashes may have been made. One from an SMS: without what cannot belong to it.
    The length of the list depends on the text alone: the time that it takes must not tell what an account has.
    """
    if len(typed) > MAX_TYPED:
        return [typed]
    in_nfc = chosen_form(typed)
    chosen = list(dict.fromkeys([in_nfc, typed, unicodedata.normalize("NFD", typed)]))
    made = list(dict.fromkeys([clean_code(typed) or in_nfc, in_nfc]))
    wanted = made if machine_made else chosen
    return wanted + wanted[-1:] * (max(len(made), len(chosen)) - len(wanted))


def broken_rules(user: "User", password: str) -> list[str]:
    """All that speaks against this password as the user's next one; empty when nothing does. Takes a hash or more."""
    codes: dict[str, str] = {}
    try:
        validate_password(password, user)
    except ValidationError as problem:
        codes = {each.code or "": " ".join(each.messages) for each in problem.error_list}
    if user.check_password(password):
        codes[SAME] = ""
    return [str(RULES.get(code, words)) for code, words in codes.items()]


def refusal(problems: list[str]) -> str:
    """One sentence for all of them."""
    return _("Choose another password: %(rules)s.") % {"rules": "; ".join(problems)}


def rules_html() -> SafeString:
    """The rules as a list, to be read before a password is chosen."""
    rules = format_html_join("", "<li>{}</li>", ((capfirst(str(rule)),) for rule in RULES.values()))
    return format_html('<ul class="rules">{}</ul>', rules)


class NotThePersonValidator(UserAttributeSimilarityValidator):
    """Neither like the number, the name and the phone as they are stored, nor as people write them without accents."""

    def __init__(self) -> None:
        super().__init__(user_attributes=("username", "full_name", "phone"))

    def validate(self, password: str, user: "User | None" = None) -> None:
        super().validate(password, user)
        if user is not None:
            name, phone = plain_text(user.full_name), user.phone.replace("+84", "0", 1)
            plain = user.__class__(username=user.username, full_name=name.replace(" ", ""), phone=phone)
            super().validate(plain_text(password), plain)
