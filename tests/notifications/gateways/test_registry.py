import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from notifications.gateways import check_settings, get_gateways

ESMS = {
    "URL": "https://esms.example/send",
    "API_KEY": "k",
    "SECRET_KEY": "s",
    "BRANDNAME": "BHXH",
    "SANDBOX": True,
}


def test_get_gateways_keeps_the_order(settings):
    settings.SMS_GATEWAYS, settings.ESMS = ["esms", "inbox"], ESMS

    assert [gateway.name for gateway in get_gateways()] == ["esms", "inbox"]


@pytest.mark.parametrize("names", [[], ["pigeon"], ["inbox", "pigeon"]])
def test_get_gateways_refuses_unknown_names(settings, names):
    settings.SMS_GATEWAYS = names

    with pytest.raises(ImproperlyConfigured, match="SMS_GATEWAYS"):
        get_gateways()


@pytest.mark.parametrize("key", ["URL", "API_KEY", "SECRET_KEY", "BRANDNAME"])
def test_get_gateways_names_the_missing_variable(settings, key):
    settings.SMS_GATEWAYS, settings.ESMS = ["esms"], ESMS | {key: ""}

    with pytest.raises(ImproperlyConfigured, match=f"ESMS_{key}"):
        get_gateways()


@pytest.mark.parametrize("key", ["URL", "API_KEY", "SECRET_KEY", "BRANDNAME"])
def test_get_gateways_refuses_a_line_break_in_a_key(settings, key):
    settings.SMS_GATEWAYS, settings.ESMS = ["esms"], ESMS | {key: "https://esms.example/\n"}

    with pytest.raises(ImproperlyConfigured, match=f"ESMS_{key}") as refused:
        get_gateways()
    assert "example" not in str(refused.value)


def test_check_settings_takes_a_complete_production(settings):
    settings.DEBUG, settings.SMS_GATEWAYS, settings.ESMS = False, ["esms"], ESMS

    check_settings()


def test_check_settings_refuses_the_inbox_in_production(settings):
    settings.DEBUG, settings.SMS_GATEWAYS = False, ["inbox"]
    with pytest.raises(ImproperlyConfigured, match="SMS_GATEWAYS"):
        check_settings()

    settings.DEBUG = True
    check_settings()


@pytest.mark.parametrize("key", ["URL", "STATUS_URL"])
def test_check_settings_refuses_passwords_and_keys_over_plain_http_in_production(settings, key):
    settings.SMS_GATEWAYS, settings.ESMS = ["esms"], ESMS | {key: "http://esms.example/"}
    settings.DEBUG = True
    check_settings()

    settings.DEBUG = False
    with pytest.raises(ImproperlyConfigured, match=f"ESMS_{key}"):
        check_settings()


def test_check_settings_refuses_a_gateway_named_twice(settings):
    settings.SMS_GATEWAYS, settings.ESMS = ["esms", "inbox", "esms"], ESMS

    with pytest.raises(ImproperlyConfigured, match="SMS_GATEWAYS names esms"):
        check_settings()


def test_program_with_the_inbox_and_without_debug_does_not_start():
    environment = os.environ | {
        "DEBUG": "0",
        "ALLOWED_HOSTS": "portal.example",
        "DATABASE_URL": "sqlite://:memory:",
        "CREDENTIAL_KEYS": "A" * 43 + "=",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    start = [sys.executable, "-c", "import django; django.setup()"]

    end = subprocess.run(start, env=environment, capture_output=True, text=True, timeout=60)

    assert end.returncode != 0
    assert "SMS_GATEWAYS" in end.stderr


@pytest.mark.parametrize("secret", ["short", "with/slash-and-more", "x" * 101])
def test_check_settings_refuses_a_receipt_secret_that_is_no_address(settings, secret):
    settings.SMS_GATEWAYS, settings.ESMS = ["esms"], ESMS | {"RECEIPT_SECRET": secret}

    with pytest.raises(ImproperlyConfigured, match="ESMS_RECEIPT_SECRET"):
        check_settings()
