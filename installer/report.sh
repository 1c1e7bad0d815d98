#!/bin/bash
# report.sh CYCLONEDX VERSION DIST NAME=PROGRAM...: what is linked into each program (CycloneDX), under which licences, the sums of all files.
set -euo pipefail
cyclonedx=$1 version=$2 dist=$3
shift 3
programs=()
GOMODCACHE=$(go env GOMODCACHE) # there the tool looks for licences
export GOMODCACHE
for pair; do
    name=${pair%%=*} program=${pair#*=}
    programs+=("$program")
    "$cyclonedx" bin -json -licenses -std -noserial -notimestamp -version "v$version" -output "$dist/cardbridge-$version-$name.cdx.json" "$program" 2>"$dist/.report" ||
        { cat "$dist/.report" >&2; exit 1; }
    rm "$dist/.report"
done
go run ./installer/notices -out "$dist/THIRD-PARTY-NOTICES.txt" "${programs[@]}"
cd "$dist"
rm -f SHA256SUMS
sums=$(find . -type f -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum)
printf '%s\n' "$sums" >SHA256SUMS
