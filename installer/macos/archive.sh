#!/bin/bash
# Packs, on Linux, what makes the package on a Mac: archive.sh RENDERED ARCHIVE. The same tree gives the same bytes: the date of the
# files is SOURCE_DATE_EPOCH. The program that is built there lets in the extensions that the rendered manifests let in.
set -euo pipefail

rendered=$1
archive=$2
: "${SOURCE_DATE_EPOCH:?is the date of the files}"

here=$(cd "$(dirname "$0")" && pwd)
version=${VERSION:-$(cat "$here/../../VERSION")}
name=cardbridge-$version-macos-scripts
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/$name" "$(dirname "$archive")"
cp -R "$here/README.md" "$here/README.zh-TW.md" "$here/build.sh" "$here/uninstall.sh" "$here/Distribution.xml" "$here/entitlements.plist" \
	"$here/scripts" "$here/resources" "$here/../../LICENSE" "$work/$name"
echo "$version" >"$work/$name/VERSION"
mkdir "$work/$name/rendered"
cp -R "$rendered/root" "$work/$name/rendered"
{ grep -rhoE 'chrome-extension://[a-p]{32}/' "$rendered/root" || true; } | cut -d/ -f3 | LC_ALL=C sort -u | paste -sd, - >"$work/$name/EXTENSION_IDS"
if [ -d "$rendered/profiles" ]; then
	cp -R "$rendered/profiles" "$work/$name/rendered"
else
	echo "archive.sh: no profiles: no extension id is known" >&2
fi
tar --create --directory "$work" --sort=name --format=gnu --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
	--mode='u=rwX,go=rX' "$name" | gzip --no-name --best >"$archive"
