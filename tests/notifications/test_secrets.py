import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from notifications.secrets import Secret, SecretUnavailable, check_settings, decrypt, encrypt


def test_encrypt_hides_and_decrypt_shows():
    token = encrypt(Secret("aB3dE5gH7j"))

    assert "aB3dE5gH7j" not in token
    assert decrypt(token).value == "aB3dE5gH7j"


def test_decrypt_takes_older_keys_after_a_rotation(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.CREDENTIAL_KEYS = [old]
    token = encrypt(Secret("aB3dE5gH7j"))
    settings.CREDENTIAL_KEYS = [new, old]

    assert decrypt(token).value == "aB3dE5gH7j"
    newest_only = encrypt(Secret("aB3dE5gH7j"))
    settings.CREDENTIAL_KEYS = [new]
    assert decrypt(newest_only).value == "aB3dE5gH7j"


def test_decrypt_without_the_key_says_so(settings):
    token = encrypt(Secret("aB3dE5gH7j"))
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(SecretUnavailable) as refusal:
        decrypt(token)
    assert refusal.value.code == "key-lost"


@pytest.mark.parametrize("keys", [[], ["short"], ["ü" * 44], ["A" * 43 + "="] * 1 + ["no key at all"]])
def test_check_settings_names_the_variable_and_not_the_key(settings, keys):
    settings.CREDENTIAL_KEYS = keys

    with pytest.raises(ImproperlyConfigured, match="CREDENTIAL_KEYS") as refusal:
        check_settings()
    assert all(key not in str(refusal.value) for key in keys)
