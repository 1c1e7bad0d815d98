//go:build linux

package fleet

import (
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
)

// notOurs are the places whose files change whatever is installed: the kernel's, running programs', logs, the package managers' own
// books, systemd's, the test's and the person's
// below /srv.
var notOurs = []string{
	"/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp", "/srv", "/var/log/journal", "/var/log/apt", "/var/log/dpkg.log", "/var/log/alternatives.log", "/var/log/wtmp*", "/var/log/lastlog*", "/var/lib/wtmpdb",
	"/var/lib/dpkg", "/var/lib/apt", "/var/cache/apt", "/var/lib/rpm", "/usr/lib/sysimage/rpm", "/var/lib/systemd",
}

// accounts hold the agent's account, which stays after all: its number must not come to mean somebody else.
var accounts = []string{"/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/.pwd.lock", "/etc/.updated", "/var/.updated"}

// files lists every file of the computer with its rights, owner, size, target; folders without a size, which never shrinks.
func (d *desk) files() []string {
	d.t.Helper()
	args := []string{"find", "/", "-xdev", "("}
	for i, path := range slices.Concat(notOurs, accounts) {
		if i > 0 {
			args = append(args, "-o")
		}
		args = append(args, "-path", path)
	}
	args = append(args, ")", "-prune", "-o", "-type", "d", "-printf", `%M %u:%g %p\n`, "-o", "-printf", `%M %u:%g %s %p %l\n`)
	list := slices.Sorted(strings.Lines(d.run(args...) + "\n"))
	require.Greater(d.t, len(list), 5000)
	return list
}

// requireSame demands that nothing came and nothing went.
func (d *desk) requireSame(before []string) {
	d.t.Helper()
	after := d.files()
	var came, went []string
	for _, line := range after {
		if _, found := slices.BinarySearch(before, line); !found {
			came = append(came, line)
		}
	}
	for _, line := range before {
		if _, found := slices.BinarySearch(after, line); !found {
			went = append(went, line)
		}
	}
	require.Empty(d.t, came, "files that came")
	require.Empty(d.t, went, "files that went")
	require.Empty(d.t, d.run("find", "/run", "-name", "*cardbridge*", "!", "-path", "/run/user/*"))
}

// places are where browsers look for the manifest, for policies, as the packages list them.
func (d *desk) places(list string) (places []string) {
	d.t.Helper()
	for line := range strings.Lines(d.read("/usr/share/" + list + "/places")) {
		_, place, ok := strings.Cut(strings.TrimSpace(line), " ")
		require.True(d.t, ok, line)
		places = append(places, place)
	}
	require.GreaterOrEqual(d.t, len(places), 4)
	return places
}
