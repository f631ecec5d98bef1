#!/bin/sh
# Runs its arguments with a Python 3.11, wherever this machine keeps one. Each is tried, because pyenv's shims
# exist even when no version stands behind them. PYTHON=/path/to/python3.11 names one by hand.
check='import sys; raise SystemExit(sys.version_info[:2] != (3, 11))'
for python in "${PYTHON:-python3.11}" python3.11 python3 python \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.11.*/bin/python3.11 /opt/homebrew/bin/python3.11; do
    if "$python" -c "$check" >/dev/null 2>&1; then
        exec "$python" "$@"
    fi
done
found=$(python3 --version 2>/dev/null || echo "no python3 at all")
echo "Python 3.11 is needed and was not found (this machine has: $found)." >&2
echo "Install it (Debian 12: apt-get install python3.11 python3.11-venv; pyenv: pyenv install 3.11)" >&2
echo "or name it: PYTHON=/path/to/python3.11 make run" >&2
exit 1
