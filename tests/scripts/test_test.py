import pytest

from scripts.test import chosen_databases


def test_chosen_databases_are_both_unless_one_is_named(monkeypatch):
    monkeypatch.delenv("DB", raising=False)
    assert chosen_databases() == ("sqlite", "postgres")
    monkeypatch.setenv("DB", "postgres")
    assert chosen_databases() == ("postgres",)


def test_chosen_databases_refuse_an_unknown_name(monkeypatch):
    monkeypatch.setenv("DB", "oracle")
    with pytest.raises(SystemExit, match="DB must be one of sqlite, postgres"):
        chosen_databases()
