import os
from pathlib import Path

import pytest

from scripts.system import RUN_NEEDS, Need, has_library, how_to_install, provide


def test_has_library_finds_what_the_loader_finds():
    assert has_library("c", 6)
    assert not has_library("no-such-library-here")


def test_run_needs_are_met_where_the_tests_run():
    assert [need.package for need in RUN_NEEDS if not need.is_there()] == []


def test_provide_does_nothing_when_all_is_there(capfd):
    provide([Need("something", "no-such-package", lambda: True)])
    assert capfd.readouterr() == ("", "")


def test_provide_names_what_to_type_where_apt_is_absent(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as stop:
        provide([Need("Pango", "libpango-1.0-0", lambda: False)])
    assert "Missing on this machine: Pango." in str(stop.value)
    assert "Please type:" in str(stop.value)


def test_how_to_install_names_each_debian_package_once(monkeypatch, tmp_path):
    apt = tmp_path / "apt-get"
    apt.write_text("#!/bin/sh\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    missing = [Need(name, "poppler-utils", lambda: False) for name in ("pdftotext", "pdftoppm")]
    assert how_to_install(missing).endswith("apt-get install -y poppler-utils")


def test_provide_looks_again_after_apt_and_believes_only_that(monkeypatch, tmp_path):
    made = tmp_path / "made"
    for name, script in {"apt-get": f'touch "{made}"; exit 100', "sudo": 'shift; exec "$@"'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    provide([Need("something", "some-package", lambda: Path(made).exists())])
