#!/bin/sh
# Installs a wheel of Afschrift beside the Airflow that is here. What is here keeps its version; what is added has
# the version of constraints.txt and one of the hashes there.
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
wheel=$(cd "$folder" && pwd)/${1##*/}
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

pip() {
  "$python" -m pip "$@"
}
add="install --quiet --no-cache-dir --disable-pip-version-check --only-binary :all:"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Versions: of what is here, and of the lock for all else. pip plans what is to be added, and installs nothing yet.
pip list --format=freeze --disable-pip-version-check | grep -v '^afschrift' > "$work/here"
"$python" - "$folder/constraints.txt" "$work/here" > "$work/pins" <<'PYTHON'
import re, sys

def name(line):
    return re.sub("[-_.]+", "-", re.match("[A-Za-z0-9._-]*", line)[0]).lower()

lock, here = (open(path, encoding="utf-8").read().splitlines() for path in sys.argv[1:])
there = set(map(name, here))
print(*here, sep="\n")
print(*(line.rstrip("\\ ") for line in lock if line[:1].isalnum() and name(line) not in there), sep="\n")
PYTHON
# shellcheck disable=SC2086 # words
pip $add --dry-run --report "$work/plan" --constraint "$work/pins" "afschrift${extras:+[$extras]} @ file://$wheel"

# Hashes: of the lock alone, whatever the index says.
"$python" - "$folder/constraints.txt" "$work/plan" > "$work/added" <<'PYTHON'
import json, re, sys

lock = {}
for line in re.sub(r"\s*\\\n\s*", " ", open(sys.argv[1], encoding="utf-8").read()).splitlines():
    if found := re.match(r"([a-z0-9-]+)==([^ ;]+)", line):
        lock[found.groups()] = re.findall("--hash=sha256:[0-9a-f]{64}", line)
for one in json.load(open(sys.argv[2], encoding="utf-8"))["install"]:
    key = re.sub("[-_.]+", "-", one["metadata"]["name"]).lower(), one["metadata"]["version"]
    if key[0] != "afschrift":
        if not lock.get(key):
            sys.exit(f"constraints.txt has no hash of {'=='.join(key)}, so it is not installed. Take the "
                     "constraints.txt of the wheel's commit, and a base that `make constraints-check` knows.")
        print("==".join(key), *lock[key])
PYTHON
# shellcheck disable=SC2086
[ ! -s "$work/added" ] || pip $add --no-deps --require-hashes --requirement "$work/added"
# Anew each time: pip keeps what is there where the version is the same, and the files may not be.
# shellcheck disable=SC2086
pip $add --no-deps --force-reinstall "$wheel" ${native:+"$native"}
pip check --disable-pip-version-check
afschrift --version
