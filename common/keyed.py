"""Keyed hashes of short secrets, which hold through a change of the signing key."""

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac


def keyed_hash(salt: str, text: str) -> str:
    """The SHA-256 HMAC of `text` under today's `SECRET_KEY`, as 64 hexadecimal digits."""
    return _hash(salt, text, settings.SECRET_KEY)


def is_keyed_hash(stored: str, salt: str, text: str) -> bool:
    """Whether `stored` is the hash of `text`, under today's key or one of `SECRET_KEY_FALLBACKS`; never for nothing."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return bool(stored) and any(constant_time_compare(stored, _hash(salt, text, key)) for key in keys)


def _hash(salt: str, text: str, key: str) -> str:
    return salted_hmac(salt, text, secret=key, algorithm="sha256").hexdigest()
