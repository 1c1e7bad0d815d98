// The USB bus of one pcscd, preloaded into it: devices come and go as the rig says through a FIFO, RIG_BUS, in records of 16
// bytes, "add 0" or "remove 0", filled up with NUL. The daemon is Debian's own; only its view of the bus is made up. These are
// the functions of libudev that it uses (its src/hotplug_libudev.c).
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct device {
	char action[16];
	char sysname[24];
	char node[24];
	char product[5];
};

static int bus = -1;
static int anything; // what opaque pointers point at

void *udev_new(void) { return &anything; }
void *udev_unref(void *udev) { (void)udev; return NULL; }

// Nothing is on the bus when the daemon starts: what is plugged in is announced after that.
void *udev_enumerate_new(void *udev) { return udev; }
int udev_enumerate_add_match_subsystem(void *e, const char *s) { (void)e; (void)s; return 0; }
int udev_enumerate_scan_devices(void *e) { (void)e; return 0; }
void *udev_enumerate_get_list_entry(void *e) { (void)e; return NULL; }
void *udev_enumerate_unref(void *e) { (void)e; return NULL; }
void *udev_list_entry_get_next(void *l) { (void)l; return NULL; }
const char *udev_list_entry_get_name(void *l) { (void)l; return NULL; }
void *udev_device_new_from_syspath(void *udev, const char *path) { (void)udev; (void)path; return NULL; }

void *udev_monitor_new_from_netlink(void *udev, const char *name) {
	(void)name;
	const char *path = getenv("RIG_BUS");
	// for writing too: a FIFO without a writer is at its end
	bus = path ? open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK) : -1;
	return bus < 0 ? NULL : udev;
}
int udev_monitor_filter_add_match_subsystem_devtype(void *m, const char *s, const char *d) { (void)m; (void)s; (void)d; return 0; }
int udev_monitor_enable_receiving(void *m) { (void)m; return 0; }
int udev_monitor_get_fd(void *m) { (void)m; return bus; }

void *udev_monitor_receive_device(void *m) {
	(void)m;
	char record[17] = {0};
	unsigned number;
	struct device *d = calloc(1, sizeof *d);
	if (!d || read(bus, record, 16) != 16 || sscanf(record, "%15s %u", d->action, &number) != 2 || number > 9) {
		free(d);
		return NULL;
	}
	snprintf(d->sysname, sizeof d->sysname, "1-%u:1.0", number + 1);
	snprintf(d->product, sizeof d->product, "%04x", number + 1);
	// what the driver passes on to vpcd, which listens on one port for each reader
	snprintf(d->node, sizeof d->node, "/dev/null:%u", 0x8C7B + number);
	return d;
}

const char *udev_device_get_action(struct device *d) { return d->action; }
const char *udev_device_get_sysname(struct device *d) { return d->sysname; }
const char *udev_device_get_devnode(struct device *d) { return d->node; }
// The interface is its own parent: one object serves for both.
void *udev_device_get_parent_with_subsystem_devtype(struct device *d, const char *s, const char *t) { (void)s; (void)t; return d; }
void *udev_device_unref(struct device *d) { free(d); return NULL; }

const char *udev_device_get_sysattr_value(struct device *d, const char *name) {
	if (!strcmp(name, "idVendor")) return "f1d0";
	if (!strcmp(name, "idProduct")) return d->product;
	if (!strcmp(name, "bInterfaceNumber")) return "00";
	return NULL;
}
