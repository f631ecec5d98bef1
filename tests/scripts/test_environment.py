import sys

import pytest

from scripts.environment import STAMP, ensure_environment, fingerprint, is_current


@pytest.fixture
def root(tmp_path):
    (tmp_path / "requirements.txt").write_text("one==1\n")
    (tmp_path / "requirements-dev.txt").write_text("-r requirements.txt\n")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (tmp_path / ".venv" / STAMP).write_text(fingerprint(tmp_path))
    return tmp_path


def test_is_current_after_an_installation(root):
    assert is_current(root, root / ".venv")


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_is_current_ends_when_a_requirement_changes(root, name):
    (root / name).write_text("one==2\n")
    assert not is_current(root, root / ".venv")


def test_is_current_ends_with_the_environment(root):
    (root / ".venv" / "bin" / "python").unlink()
    assert not is_current(root, root / ".venv")


def test_is_current_needs_a_finished_installation(root):
    (root / ".venv" / STAMP).unlink()
    assert not is_current(root, root / ".venv")


def test_ensure_environment_leaves_a_current_environment_alone(root, capfd):
    ensure_environment(root)
    assert capfd.readouterr() == ("", "")
