#!/bin/bash
# build.sh WORK DIST: the deb and rpm packages, from what make has put into the environment:
#   VERSION, SOURCE_DATE_EPOCH   of the packages
#   LDFLAGS                      of the program: version, ids of the extension
#   RENDER_FLAGS                 of manifests/render: ids, places of the extension
#   ARCHES                       amd64 arm64
#   NFPM                         the command
#   MAN                          the folder of the man pages
set -euo pipefail
work=$1 dist=$2
here=installer/linux
umask 022
rm -rf "$work"
mkdir -p "$work" "$dist"

declare -A compiler=([amd64]=x86_64-linux-gnu-gcc [arm64]=aarch64-linux-gnu-gcc)

program() { # program ARCH FILE
    GOOS=linux GOARCH=$1 CGO_ENABLED=1 CC=${compiler[$1]} go build -trimpath -buildvcs=false -buildmode=pie -ldflags "-s -w -buildid= -extldflags=-Wl,-z,relro,-z,now $LDFLAGS" -o "$2" ./host
}

# The folders that several packages share. Each file's rights are said, whatever the checkout's are.
layout() {
    local root=$work/root
    install -d -m 755 "$root/etc/cardbridge" "$root/usr/share/doc/cardbridge"
    install -D -m 755 $here/links "$root/usr/lib/cardbridge/links"
    if [ -d "$work/policy" ]; then
        install -D -m 755 $here/links "$work/policy/usr/lib/cardbridge-browser-policy/links"
    fi
    install -D -m 644 manifests/agent/cardbridge-agent.service "$root/usr/lib/systemd/system/cardbridge-agent.service"
    install -D -m 644 manifests/agent/cardbridge-agent.socket "$root/usr/lib/systemd/system/cardbridge-agent.socket"
    install -D -m 644 manifests/agent/cardbridge-agent.sysusers "$root/usr/lib/sysusers.d/cardbridge-agent.conf"
    install -D -m 644 manifests/agent/50-cardbridge-agent.rules "$root/usr/share/polkit-1/rules.d/50-cardbridge-agent.rules"
    local page place
    while read -r page; do
        place=$root/usr/share/man/$page.gz
        install -d -m 755 "$(dirname "$place")"
        gzip -9n <"$MAN/$page" >"$place"
    done < <(cd "$MAN" && find man1 zh_TW -name '*.1' | sort)
    install -D -m 644 LICENSE "$work/rpm/usr/share/licenses/cardbridge/LICENSE"
}

# The program prints its own completions: one that runs here is asked, whatever is packed.
completions() {
    go build -o "$work/native" ./host
    local shell place
    for shell in bash:root/usr/share/bash-completion/completions/cardbridge fish:root/usr/share/fish/vendor_completions.d/cardbridge.fish \
        zsh:deb/usr/share/zsh/vendor-completions/_cardbridge zsh:rpm/usr/share/zsh/site-functions/_cardbridge; do
        place=$work/${shell#*:}
        install -d -m 755 "$(dirname "$place")"
        env -i LANG=C.UTF-8 "$work/native" completion "${shell%%:*}" >"$place"
    done
}

eval "go run ./manifests/render -out \"\$work/rendered\" $RENDER_FLAGS" # its paths are quoted
go run -ldflags "$LDFLAGS" ./$here/stage -version "$VERSION" -rendered "$work/rendered" -out "$work"
layout
completions
export STAGE=$work ARCH VERSION
for ARCH in $ARCHES; do
    program "$ARCH" "$work/bin/$ARCH/cardbridge"
done
go run ./installer/notices -out "$work/NOTICES" "$work"/bin/*/cardbridge
gzip -9n <"$work/NOTICES" >"$work/root/usr/share/doc/cardbridge/NOTICES.gz"
find "$work" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
# Compressing takes one processor for seconds: all packages at once.
packing=()
pack() { # pack ARCH FORMAT PACKAGE
    ARCH=$1 $NFPM package --config "$here/$3.yaml" --packager "$2" --target "$dist/" &
    packing+=($!)
}
for format in deb rpm; do
    for ARCH in $ARCHES; do
        pack "$ARCH" $format cardbridge
    done
    if [ -d "$work/policy" ]; then
        pack all $format cardbridge-browser-policy
    else
        echo "packages-linux: no id, no place of the extension was given (RENDER_FLAGS): there is no cardbridge-browser-policy.$format"
    fi
done
for process in "${packing[@]}"; do
    wait "$process"
done
