//go:build linux

// Package box boots a Debian of its own with a real systemd, in namespaces of its own.
//
// The root is made once by debootstrap, from where the machine's own packages come from, and kept outside of the clone. Each box
// writes to a layer of its own, which is gone with it. It needs root and the package debootstrap.
package box

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed boot.sh
var bootScript []byte

// patience is how long anything in a box may take before it counts as broken.
const patience = 60 * time.Second

// Box is a running system.
type Box struct {
	work, cgroup string
	boot         *exec.Cmd
	init         int // systemd's process, as this machine numbers it
	said         bytes.Buffer
}

// Start boots a box and waits until it is up. packages are installed beside systemd.
func Start(packages []string) (*Box, error) {
	root, err := system(packages)
	if err != nil {
		return nil, err
	}
	b := &Box{}
	if b.work, err = os.MkdirTemp("", "box"); err != nil {
		return nil, err
	}
	if b.cgroup, err = leaf(filepath.Base(b.work)); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	script := filepath.Join(b.work, "boot.sh")
	work := filepath.Join(b.work, "layer")
	if err := errors.Join(os.WriteFile(script, bootScript, 0o600), os.Mkdir(work, 0o700)); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	b.boot = exec.Command("bash", script, root, work, b.cgroup)
	b.boot.Stdout, b.boot.Stderr = &b.said, &b.said
	b.boot.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := b.boot.Start(); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	if err := b.up(); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// up waits until systemd says that it is running.
func (b *Box) up() error {
	var state string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if b.init == 0 {
			b.init = b.systemd()
			continue
		}
		out, _ := b.Command("systemctl", "is-system-running").CombinedOutput()
		if state = strings.TrimSpace(string(out)); state == "running" {
			return nil
		}
	}
	failed, _ := b.Command("systemctl", "--failed", "--no-legend", "--plain").CombinedOutput()
	return fmt.Errorf("box: systemd is not up: %q\n%s%s", state, failed, b.said.String())
}

// systemd finds process 1 of the box: the grandchild of what was started, once it is systemd.
func (b *Box) systemd() int {
	pid := b.boot.Process.Pid
	for range 2 {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
		if err == nil {
			if children := strings.Fields(string(raw)); len(children) == 1 {
				pid, _ = strconv.Atoi(children[0])
			}
		}
	}
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if strings.TrimSpace(string(name)) != "systemd" {
		return 0
	}
	return pid
}

// leaf makes a cgroup of its own below the machine's version 2 tree.
func leaf(name string) (string, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" {
			path := filepath.Join(f[1], name)
			return path, os.Mkdir(path, 0o755)
		}
	}
	return "", errors.New("box: no cgroup version 2 is mounted; mount -t cgroup2 cgroup2 /sys/fs/cgroup")
}

// Command runs as root in the box.
func (b *Box) Command(args ...string) *exec.Cmd {
	enter := []string{"-t", strconv.Itoa(b.init), "-m", "-p", "-u", "-i", "-n", "-C", "--", "env", "-i", "LANG=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	return exec.Command("nsenter", append(enter, args...)...)
}

// Run runs a command to its end and gives what it printed.
func (b *Box) Run(args ...string) (string, error) {
	out, err := b.Command(args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("box: %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), err
}

// Path is where a file of the box is seen from outside.
func (b *Box) Path(path string) string { return fmt.Sprintf("/proc/%d/root%s", b.init, path) }

// Write puts a file of root's into the box, with its folders.
func (b *Box) Write(path string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(b.Path(path)), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(b.Path(path), content, mode); err != nil {
		return err
	}
	return os.Chmod(b.Path(path), mode)
}

// Copy puts a file of this machine into the box.
func (b *Box) Copy(from, to string, mode os.FileMode) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return b.Write(to, content, mode)
}

// Net is the box's network namespace.
func (b *Box) Net() string { return fmt.Sprintf("/proc/%d/ns/net", b.init) }

// Close ends every process of the box and removes its layer.
func (b *Box) Close() error {
	if b.init != 0 {
		if init, err := os.FindProcess(b.init); err == nil {
			_ = init.Kill() // process 1 of a namespace takes all others with it
		}
	}
	if b.boot != nil && b.boot.Process != nil {
		_ = b.boot.Process.Kill()
		_ = b.boot.Wait()
	}
	var err error
	if b.cgroup != "" {
		err = removeTree(b.cgroup)
	}
	return errors.Join(err, os.RemoveAll(b.work))
}

// removeTree removes cgroups from the leaves up, as soon as their processes are gone.
func removeTree(path string) (err error) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		_ = filepath.WalkDir(path, func(at string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() && at != path {
				_ = removeDeep(at)
			}
			return nil
		})
		if err = os.Remove(path); err == nil || errors.Is(err, os.ErrNotExist) {
			return nil
		}
	}
	return err
}

func removeDeep(path string) error {
	entries, _ := os.ReadDir(path)
	for _, e := range entries {
		if e.IsDir() {
			_ = removeDeep(filepath.Join(path, e.Name()))
		}
	}
	return os.Remove(path)
}
