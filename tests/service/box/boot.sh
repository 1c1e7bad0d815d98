#!/bin/bash
# boot.sh ROOT WORK CGROUP: systemd as process 1 of namespaces of its own, on a layer above ROOT that is gone with it.
set -eu
root=$1 work=$2 cgroup=$3
echo 0 > "$cgroup/cgroup.procs"
exec unshare --mount --pid --fork --kill-child --cgroup --uts --ipc --net --propagation private bash -eu -c '
root=$1 work=$2
mount -t tmpfs -o mode=755 box "$work"
mkdir "$work/upper" "$work/side" "$work/root"
mount -t overlay -o "lowerdir=$root,upperdir=$work/upper,workdir=$work/side" overlay "$work/root"
cd "$work/root"
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755,nosuid,nodev run run
mount -t tmpfs -o mode=755 dev dev
for node in null zero full random urandom tty; do touch dev/$node; mount --bind /dev/$node dev/$node; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777 shm dev/shm
hostname box
# kernel and modules belong to the machine
ln -sf /dev/null etc/systemd/system/systemd-modules-load.service
mkdir -p old
pivot_root . old
umount -l /old
exec env -i container=box PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 /lib/systemd/systemd --system systemd.unit=multi-user.target
' boot "$root" "$work"
