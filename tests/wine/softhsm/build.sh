#!/bin/bash
# build.sh CACHE: SoftHSM for Windows from Debian's sources, with OpenSSL linked in; prints where the library is. It is built once for these
# versions and this script: some five minutes on two quiet processors, far more on busy ones.
set -euo pipefail
cache=$1
here=$(cd "$(dirname "$0")" && pwd)
windows=x86_64-w64-mingw32

mkdir -p "$cache"
work=$(mktemp -d "$cache/softhsm-draft-XXXXXX")
trap 'rm -rf "$work"' EXIT

# The sources come from where the machine's packages come from; its own lists stay as they are.
apt() {
    apt-get -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$work/lists" \
        -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root "$@"
}
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/source"
# shellcheck disable=SC2016 # these are apt's own names
apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) main' 'Created-By: Packages' 'Origin: Debian' 'Component: main' |
    sort -u >"$work/sources.list"
apt update
version() { apt-cache -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$work/lists" \
    -o Dir::Cache="$work/cache" showsrc --only-source "$1" | sed -n 's/^Version: //p' | sort -V | tail -n 1; }
openssl=$(version openssl) softhsm=$(version softhsm2)
key=$(printf '%s\n' "$openssl" "$softhsm" "$(sha256sum <"$0")" "$(sha256sum <"$here/config.h")" | sha256sum | cut -c1-12)
library=$cache/softhsm-windows-$key.dll
if [ ! -f "$library" ]; then
    (cd "$work/source" && apt source --tar-only "openssl=$openssl" "softhsm2=$softhsm" >&2)
    for name in openssl softhsm; do
        mkdir "$work/$name"
        tar -xf "$work/source/$name"*.orig.tar.* -C "$work/$name" --strip-components=1
    done
    (
        cd "$work/openssl"
        ./Configure mingw64 --cross-compile-prefix=$windows- no-shared no-tests no-asm no-ssl no-legacy no-comp no-cms no-ocsp no-ct no-srp no-ts no-capieng no-padlockeng
        make -s build_generated
        make -s -j2 libcrypto.a
    ) >"$work/openssl.log" 2>&1 || { tail -n 30 "$work/openssl.log" >&2; exit 1; }
    from=$work/softhsm/src/lib
    flags=(-O1 -w -std=c++11 -include "$here/config.h" -I"$here" -I"$work/openssl/include" -I"$from")
    rooms=(common crypto data_mgr handle_mgr object_store session_mgr slot_mgr win32)
    for room in "${rooms[@]}" pkcs11; do
        flags+=("-I$from/$room")
    done
    export OBJECTS=$work/objects
    mkdir "$OBJECTS"
    # neither the other cryptographic library nor the other store
    # shellcheck disable=SC2016 # for the shell of each
    find "$from" "${rooms[@]/#/$from/}" -maxdepth 1 -name '*.cpp' ! -name 'Botan*' ! -name 'DB*' -print0 |
        xargs -0 -P2 -I{} sh -c 'source=$1; shift; exec "$@" -c "$source" -o "$(mktemp "$OBJECTS/XXXXXX.o")"' compile {} $windows-g++ "${flags[@]}"
    $windows-g++ -shared -s -static -o "$work/softhsm2.dll" "$work"/objects/*.o -L"$work/openssl" -lcrypto -lws2_32 -lcrypt32 -lgdi32 -ladvapi32
    mv "$work/softhsm2.dll" "$library"
fi
echo "$library"
