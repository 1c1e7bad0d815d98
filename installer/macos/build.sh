#!/bin/bash
# Not run on a Mac: of this, "stage" alone has been run, on Linux. Everything else is written after Apple's documentation.
#
# Builds the installer package of CardBridge for macOS 12 or later.
#
#   build.sh binary    builds the universal program from $SOURCE (a Mac with Xcode's command line tools and Go)
#   build.sh stage     lays out what the package installs, below $OUT/root (anywhere)
#   build.sh sign      signs the staged program: hardened runtime, entitlements (a Mac)
#   build.sh package   makes $OUT/cardbridge-<version>.pkg (a Mac)
#   build.sh notarize  has Apple notarize the package, staples the ticket, checks it (a Mac)
#
# Environment, with what holds if it is not set:
#   OUT                   build: where everything is made
#   RENDERED              rendered: DIR/macos of manifests/render (root, profiles)
#   SOURCE                the source tree that this script lies in; beside an unpacked archive it must be set
#   VERSION               what the file VERSION says
#   EXTENSION_IDS         what the archive's file EXTENSION_IDS says, with commas between: the host lets these in; must be set without an archive
#   BINARY                $OUT/cardbridge: the program to stage
#   NOTICES               $OUT/THIRD-PARTY-NOTICES.txt: the licences of what is linked into it; "binary" writes them
#   POLICY                none: a policy document that a new installation starts with
#   SERVICE               1: 0 leaves the agent's LaunchDaemon out; the host that a browser starts then uses the cards itself
#   APPLICATION_IDENTITY  must be set to sign: "Developer ID Application: …"
#   INSTALLER_IDENTITY    must be set to package: "Developer ID Installer: …"
#   NOTARY_PROFILE        must be set to notarize: a profile of "notarytool store-credentials"
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${OUT:-build}"
OUT=$(cd "${OUT:-build}" && pwd)
RENDERED=${RENDERED:-$here/rendered}
VERSION=${VERSION:-$(cat "$here/VERSION" 2>/dev/null || cat "$here/../../VERSION")}
SOURCE=${SOURCE:-$here/../..}
EXTENSION_IDS=${EXTENSION_IDS:-$(cat "$here/EXTENSION_IDS" 2>/dev/null || true)}
BINARY=${BINARY:-$OUT/cardbridge}
NOTICES=${NOTICES:-$OUT/THIRD-PARTY-NOTICES.txt}
LICENSE=$here/LICENSE
[ -f "$LICENSE" ] || LICENSE=$here/../../LICENSE
POLICY=${POLICY:-}
SERVICE=${SERVICE:-1}

IDENTIFIER=tw.cardbridge.host
FOLDER=Library/CardBridge
DAEMON=Library/LaunchDaemons/cardbridge-agent.plist

fail() {
	echo "build.sh: $*" >&2
	exit 1
}

on_a_mac() { [ "$(uname -s)" = Darwin ] || fail "$1 needs a Mac"; }

binary() {
	on_a_mac binary
	local arch
	[ -f "$SOURCE/go.mod" ] || fail "binary needs the source tree: SOURCE names it"
	[ "$(cat "$SOURCE/VERSION")" = "$VERSION" ] || fail "the source tree is not that of version $VERSION"
	[ -n "$EXTENSION_IDS" ] || fail "no extension's id is known, so that the host would let nobody in: EXTENSION_IDS names them"
	for arch in arm64 amd64; do
		(cd "$SOURCE" && MACOSX_DEPLOYMENT_TARGET=12.0 CGO_ENABLED=1 GOOS=darwin GOARCH=$arch CC="clang -arch ${arch/amd64/x86_64}" \
			go build -trimpath -buildvcs=false \
			-ldflags "-s -w -buildid= -X main.version=$VERSION -X github.com/cardbridge/cardbridge/manifests.extensionIDs=$EXTENSION_IDS" \
			-o "$OUT/cardbridge-$arch" ./host)
	done
	lipo -create -output "$OUT/cardbridge" "$OUT/cardbridge-arm64" "$OUT/cardbridge-amd64"
	lipo "$OUT/cardbridge" -verify_arch arm64 x86_64
	# of those modules alone that are linked in for macOS
	(cd "$SOURCE" && go run ./installer/notices -out "$NOTICES" "$OUT/cardbridge-arm64" "$OUT/cardbridge-amd64")
}

stage() {
	[ -f "$BINARY" ] || fail "there is no program at $BINARY"
	[ -f "$NOTICES" ] || fail "there are no licences of what is linked into it at $NOTICES: binary writes them"
	[ -d "$RENDERED/root" ] || fail "there are no rendered manifests at $RENDERED"
	local root=$OUT/root
	rm -rf "$root"
	mkdir -p "$root"
	cp -R "$RENDERED/root/." "$root"
	[ "$SERVICE" = 1 ] || rm "$root/$DAEMON"
	mkdir -p "$root/$FOLDER" "$root/private/etc/paths.d"
	cp "$BINARY" "$root/$FOLDER/cardbridge"
	cp "$here/uninstall.sh" "$root/$FOLDER/uninstall.sh"
	cp "$LICENSE" "$root/$FOLDER/LICENSE.txt"
	cp "$NOTICES" "$root/$FOLDER/THIRD-PARTY-NOTICES.txt"
	echo "/$FOLDER" >"$root/private/etc/paths.d/cardbridge"
	if [ -n "$POLICY" ]; then
		cp "$POLICY" "$root/$FOLDER/policy.first.json"
	fi
	# the package's list of files keeps these modes; who owns them, pkgbuild says
	find "$root" -type d -exec chmod 755 {} +
	find "$root" -type f -exec chmod 644 {} +
	chmod 755 "$root/$FOLDER/cardbridge" "$root/$FOLDER/uninstall.sh"
}

sign() {
	on_a_mac sign
	: "${APPLICATION_IDENTITY:?names the certificate, Developer ID Application}"
	codesign --force --timestamp --options runtime --entitlements "$here/entitlements.plist" --identifier "$IDENTIFIER" \
		--sign "$APPLICATION_IDENTITY" "$OUT/root/$FOLDER/cardbridge"
	codesign --verify --strict --verbose=2 "$OUT/root/$FOLDER/cardbridge"
}

package() {
	on_a_mac package
	: "${INSTALLER_IDENTITY:?names the certificate, Developer ID Installer}"
	find "$OUT/root" -name '*.plist' -exec plutil -lint {} +
	pkgbuild --root "$OUT/root" --scripts "$here/scripts" --identifier "$IDENTIFIER" --version "$VERSION" --install-location / \
		--ownership recommended "$OUT/host.pkg"
	sed "s/@VERSION@/$VERSION/g" "$here/Distribution.xml" >"$OUT/Distribution.xml"
	productbuild --distribution "$OUT/Distribution.xml" --resources "$here/resources" --package-path "$OUT" \
		--sign "$INSTALLER_IDENTITY" --timestamp "$OUT/cardbridge-$VERSION.pkg"
	pkgutil --check-signature "$OUT/cardbridge-$VERSION.pkg"
}

notarize() {
	on_a_mac notarize
	: "${NOTARY_PROFILE:?names the profile of notarytool store-credentials}"
	xcrun notarytool submit "$OUT/cardbridge-$VERSION.pkg" --keychain-profile "$NOTARY_PROFILE" --wait
	xcrun stapler staple "$OUT/cardbridge-$VERSION.pkg"
	spctl --assess --type install --verbose=2 "$OUT/cardbridge-$VERSION.pkg"
}

case "${1:-}" in
binary | stage | sign | package | notarize) "$1" ;;
*) fail "binary, stage, sign, package or notarize?" ;;
esac
