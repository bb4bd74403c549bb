#!/bin/sh
# Installs a wheel of Afschrift beside the Airflow that is here, with what it pins and nothing else.
#
#   install.sh FOLDER [EXTRAS]      FOLDER has afschrift-*.whl and constraints.txt, and
#                                   afschrift_native-*.whl where CSV and JSON are to be read back by compiled code
#
# PYTHON names the interpreter (default: python).
set -eu
folder=${1:?a folder with the wheel and constraints.txt}
extras=${2-}
python=${PYTHON:-python}

set -- "$folder"/afschrift-*.whl
if [ $# -ne 1 ] || [ ! -f "$1" ]; then
  echo "There must be exactly one afschrift-*.whl in $folder; \`make wheel\` builds it." >&2
  exit 1
fi
if [ ! -f "$folder/constraints.txt" ]; then
  echo "There is no constraints.txt in $folder: take it from the commit of the wheel." >&2
  exit 1
fi

native=
for one in "$folder"/afschrift_native-*.whl; do # pip says so where it is for another machine
  [ -f "$one" ] || continue
  if [ -n "$native" ]; then
    echo "There must be at most one afschrift_native-*.whl in $folder: that of the same commit, for this machine." >&2
    exit 1
  fi
  native=$one
done

# Versions alone: with hashes pip would want one of the wheel too. Whoever wants hashes: docs/operations.md.
pins=$(mktemp)
trap 'rm -f "$pins"' EXIT
sed -n 's/^\([A-Za-z0-9._-]*==[^ \\]*\)\( ;[^\\]*\)\{0,1\} *\\\{0,1\}$/\1\2/p' "$folder/constraints.txt" > "$pins"
"$python" -m pip install --quiet --no-cache-dir --disable-pip-version-check --only-binary :all: \
  --constraint "$pins" "afschrift${extras:+[$extras]} @ file://$(cd "$folder" && pwd)/${1##*/}"
# Anew each time: pip keeps what is there where the version is the same, and what is compiled may not be.
[ -z "$native" ] || "$python" -m pip install --quiet --no-cache-dir --disable-pip-version-check --no-deps \
  --force-reinstall "$native"
"$python" -m pip check --disable-pip-version-check
afschrift --version
