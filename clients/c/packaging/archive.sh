#!/bin/sh
# archive.sh OUT MAIN OTHER…: one archive of MAIN and what it needs of the OTHERs, in which only latchkey_* is visible from outside.
set -eu
out=$1 main=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
${CC:-cc} -nostdlib -r -o "$work/latchkey.o" -Wl,--whole-archive "$main" -Wl,--no-whole-archive -Wl,--start-group "$@" -Wl,--end-group
objcopy --localize-hidden "$work/latchkey.o"
rm -f "$out"
ar rcs "$out" "$work/latchkey.o"
