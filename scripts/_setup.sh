# Sourced by the scripts beside it: brings a machine to where they can run, and changes into the repository.
# A fresh Debian or Ubuntu needs only Python 3.11 or newer with pip; what else is missing is installed here.
# Elsewhere (macOS, other Linux distributions) system packages are left to the person.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export UV_PYTHON_DOWNLOADS=never
export PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1
export LC_ALL="${LC_ALL:-C.UTF-8}"

# Alternatives are separated by "|": newer releases renamed a few libraries.
QT_PACKAGES=(
    'libglib2.0-0|libglib2.0-0t64' libgl1 libegl1 libfontconfig1 libdbus-1-3 libxkbcommon0 'libbrotli1'
    libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxkbcommon-x11-0 libx11-xcb1
)
TEST_PACKAGES=(git xvfb xauth fonts-noto-core fonts-noto-cjk dovecot-imapd postgresql pgbouncer chromium)

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

installed() {
    [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Prints the names of those packages that are missing, the first alternative that this release knows of each.
missing_packages() {
    local alternatives name choice
    for alternatives in "$@"; do
        choice=
        for name in ${alternatives//|/ }; do
            installed "$name" && continue 2
            if [ -z "$choice" ] && apt-cache show "$name" >/dev/null 2>&1; then choice=$name; fi
        done
        printf '%s\n' "${choice:-${alternatives%%|*}}"
    done
}

# Installs Debian packages that are missing; never asks anything.
ensure_packages() {
    command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || return 0
    local missing as_root=()
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null && sudo --non-interactive true 2>/dev/null ||
            fail "These packages are missing. Install them and start again:" \
                "sudo apt-get install --no-install-recommends" $missing
        as_root=(sudo --non-interactive)
    fi
    say "Installing" $missing
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get --quiet --quiet --yes -o Dpkg::Use-Pty=0)
    "${apt[@]}" update </dev/null >&2
    missing=$(missing_packages "$@")
    "${apt[@]}" install --no-install-recommends $missing </dev/null >&2 ||
        fail "The packages could not be installed:" $missing
}

# Sets PYTHON to an interpreter of a version that AgentDesk runs on.
find_python() {
    local name
    for name in python3 python3.13 python3.12 python3.11 python3.14; do
        if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; then
            PYTHON=$name
            return
        fi
    done
    fail "AgentDesk needs Python 3.11, 3.12, 3.13 or 3.14, and none of them was found."
}

# Sets UV to the command that runs uv. Where pip must not touch the system's Python, uv gets a folder of its own.
find_uv() {
    UV=("$PYTHON" -m uv)
    "${UV[@]}" --version >/dev/null 2>&1 && return
    local own="${XDG_CACHE_HOME:-$HOME/.cache}/agentdesk/uv"
    UV=("$own/bin/uv")
    "${UV[@]}" --version >/dev/null 2>&1 && return
    say "Installing uv"
    "$PYTHON" -m pip --version >/dev/null 2>&1 ||
        fail "pip is missing. Install it (sudo apt-get install python3-pip) and start again."
    if "$PYTHON" -m pip install --quiet uv </dev/null >/dev/null 2>&1; then
        UV=("$PYTHON" -m uv)
    else
        "$PYTHON" -m pip install --quiet --upgrade --target "$own" uv </dev/null >&2 ||
            fail "uv could not be installed with pip."
    fi
}

# Brings .venv to the state of uv.lock. Further arguments go to "uv sync".
ensure_environment() {
    find_python
    find_uv
    local python=()
    [ -e .venv ] || python=(--python "$("$PYTHON" -c 'import sys; print(sys.executable)')")
    "${UV[@]}" sync --quiet --locked "${python[@]}" "$@" </dev/null >&2 ||
        fail "The Python packages could not be installed."
    export PATH="$PWD/.venv/bin:$PATH"
}
