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
for one in "$folder"/afschrift_native-*.whl; do
  [ ! -f "$one" ] || native=$one # pip says so where it is for another machine
done

# Versions alone: with hashes pip would want one of the wheel too. Whoever wants hashes: docs/operations.md.
pins=$(mktemp)
trap 'rm -f "$pins"' EXIT
sed -n 's/^\([A-Za-z0-9._-]*==[^ \\]*\)\( ;[^\\]*\)\{0,1\} *\\\{0,1\}$/\1\2/p' "$folder/constraints.txt" > "$pins"
"$python" -m pip install --quiet --no-cache-dir --disable-pip-version-check --only-binary :all: \
  --constraint "$pins" "afschrift${extras:+[$extras]} @ file://$(cd "$folder" && pwd)/${1##*/}"
[ -z "$native" ] || "$python" -m pip install --quiet --no-cache-dir --disable-pip-version-check --no-deps \
  --force-reinstall "$native" # of the same version too: its code may be another
"$python" -m pip check --disable-pip-version-check
afschrift --version
