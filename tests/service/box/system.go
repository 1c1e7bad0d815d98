//go:build linux

package box

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// cache is where roots lie; each is some 1 GB.
const cache = "/var/cache/cardbridge-tests"

// release is Debian 13: from it on the PC/SC daemon asks polkit who may use a reader. What is built on Debian 12 runs there too.
const release = "trixie"

// always is what makes a system: sessions by PAM, logind, polkit.
var always = []string{"systemd", "systemd-sysv", "dbus", "libpam-systemd", "polkitd", "procps", "iproute2"}

// Packages are those of every box, so that one root does for all tests: PC/SC with a virtual reader and the real module, a browser
// with Chinese letters, sessions from afar, the other packages' manager.
var Packages = []string{
	"pcscd", "vsmartcard-vpcd", "opensc-pkcs11", "openssh-server", "openssh-client", "chromium", "fonts-noto-cjk", "rpm",
}

// system gives a root with these packages, made now if there is none yet.
func system(packages []string) (string, error) {
	if os.Getuid() != 0 {
		return "", errors.New("box: a system of its own needs root; run it with sudo")
	}
	packages = slices.Sorted(slices.Values(packages))
	list := slices.Concat(always, packages)
	sum := sha256.Sum256([]byte(strings.Join(list, ",")))
	root := filepath.Join(cache, release+"-"+hex.EncodeToString(sum[:6]))
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(root+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	if _, err := os.Stat(root); err == nil {
		return root, nil
	}
	return root, debootstrap(packages, root)
}

// debootstrap makes the root beside its place, so that half a one is never taken for a whole.
func debootstrap(packages []string, root string) error {
	from, err := exec.Command("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian", "Component: main").Output()
	mirror, _, _ := strings.Cut(strings.TrimSpace(string(from)), "\n")
	if err != nil || mirror == "" {
		return fmt.Errorf("box: where this machine's packages come from is not known; apt-get update: %w", errors.Join(err, errors.New("no source of Debian's")))
	}
	draft := root + ".draft"
	if err := os.RemoveAll(draft); err != nil {
		return err
	}
	out, err := exec.Command("debootstrap", "--variant=minbase", "--include="+strings.Join(always, ","), release, draft, mirror).CombinedOutput()
	if err != nil {
		return fmt.Errorf("box: debootstrap: %w\n%s", err, out)
	}
	if err := install(draft, packages); err != nil {
		return err
	}
	return os.Rename(draft, root)
}

// installScript installs in a root: with /proc of its own, nothing started, the machine's way to the packages.
const installScript = `root=$1; shift
mount -t proc proc "$root/proc"
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
cp /etc/resolv.conf "$root/etc/resolv.conf"
apt-config dump Acquire > "$root/etc/apt/apt.conf.d/99machine"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
chroot "$root" apt-get update -qq
chroot "$root" apt-get install -y -qq --no-install-recommends "$@"
chroot "$root" apt-get clean
rm -r "$root/etc/apt/apt.conf.d/99machine" "$root/usr/sbin/policy-rc.d" "$root/var/lib/apt/lists"`

// install adds packages with apt: debootstrap configures in an order of its own, which a browser's libraries do not bear.
func install(root string, packages []string) error {
	out, err := exec.Command("unshare", append([]string{"--mount", "--propagation", "private", "bash", "-euc", installScript, "install", root}, packages...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("box: apt-get: %w\n%s", err, out[max(0, len(out)-4096):])
	}
	return nil
}
