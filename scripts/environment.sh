# Sourced by the scripts next to it: `environment NAME` makes .venv/NAME hold what
# requirements/NAME.txt locks and the package itself, and puts its programs first on the PATH.
# `is_made NAME` says whether it holds them already.

fail() {
  echo "$(basename "$0"): $1" >&2
  exit 1
}

supported_python() {
  local candidate
  for candidate in python3.13 python3.12 python3.11 python3 python; do
    if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  fail "expected Python 3.11, 3.12 or 3.13 with venv on the PATH, found none; install one and run this again"
}

# What an installed environment depends on; the folder's own place too, as venv writes it down.
stamp() { pwd && cat "requirements/$1.txt" pyproject.toml; }

is_made() { stamp "$1" | cmp -s - ".venv/$1/stamp"; }

environment() {
  local folder=.venv/$1 lock=requirements/$1.txt python
  if ! is_made "$1"; then
    python=$(supported_python)
    echo "Making $folder with $python" >&2
    "$python" -m venv --clear "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r "$lock"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
    # pip compiles on one core. Some packages have files that are no Python: they stay as they are.
    "$folder/bin/python" -W ignore -m compileall -qq -j 0 -x '/tests/' "$folder/lib" || true
    stamp "$1" >"$folder/stamp"
  fi
  PATH=$PWD/$folder/bin:$PATH
}
