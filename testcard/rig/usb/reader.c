// The driver of one USB reader: vpcd's, under the name that pcscd gives to what is on the bus (its ifdhandler.h). A copy of
// vpcd's library lies beside each copy of this one, as vpcd keeps its slots in static memory.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

typedef unsigned long DWORD;
typedef long RESPONSECODE;
typedef unsigned char *PUCHAR;
typedef struct { DWORD protocol, length; } PCI;

#define IFD_SUCCESS 0
#define IFD_COMMUNICATION_ERROR 612
#define TAG_IFD_SLOTS_NUMBER 0x0FAE

static void *vpcd(const char *function) {
	static void *library;
	Dl_info own;
	char path[4096];
	if (!library && dladdr((void *)vpcd, &own)) {
		snprintf(path, sizeof path, "%s.vpcd", own.dli_fname);
		library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	}
	return library ? dlsym(library, function) : NULL;
}

#define FORWARD(name, types, arguments)                     \
	RESPONSECODE name types {                               \
		RESPONSECODE(*real) types = vpcd(#name);            \
		return real ? real arguments : IFD_COMMUNICATION_ERROR; \
	}

FORWARD(IFDHCreateChannel, (DWORD lun, DWORD channel), (lun, channel))
FORWARD(IFDHCloseChannel, (DWORD lun), (lun))
FORWARD(IFDHSetCapabilities, (DWORD lun, DWORD tag, DWORD length, PUCHAR value), (lun, tag, length, value))
FORWARD(IFDHSetProtocolParameters, (DWORD lun, DWORD protocol, unsigned char flags, unsigned char p1, unsigned char p2, unsigned char p3),
	(lun, protocol, flags, p1, p2, p3))
FORWARD(IFDHPowerICC, (DWORD lun, DWORD action, PUCHAR atr, DWORD *length), (lun, action, atr, length))
FORWARD(IFDHTransmitToICC, (DWORD lun, PCI send, PUCHAR out, DWORD outLength, PUCHAR in, DWORD *inLength, PCI *receive),
	(lun, send, out, outLength, in, inLength, receive))
FORWARD(IFDHControl, (DWORD lun, DWORD code, PUCHAR out, DWORD outLength, PUCHAR in, DWORD inLength, DWORD *returned),
	(lun, code, out, outLength, in, inLength, returned))
FORWARD(IFDHICCPresence, (DWORD lun), (lun))

// The bus puts vpcd's own name at the end of the device's: "usb:f1d0/0001:libudev:0:/dev/null:35963".
RESPONSECODE IFDHCreateChannelByName(DWORD lun, char *device) {
	RESPONSECODE (*real)(DWORD, char *) = vpcd("IFDHCreateChannelByName");
	char *name = strstr(device, "/dev/null:");
	return real && name ? real(lun, name) : IFD_COMMUNICATION_ERROR;
}

RESPONSECODE IFDHGetCapabilities(DWORD lun, DWORD tag, DWORD *length, PUCHAR value) {
	RESPONSECODE (*real)(DWORD, DWORD, DWORD *, PUCHAR) = vpcd("IFDHGetCapabilities");
	if (tag == TAG_IFD_SLOTS_NUMBER && *length >= 1) { // vpcd has two
		*length = 1;
		value[0] = 1;
		return IFD_SUCCESS;
	}
	return real ? real(lun, tag, length, value) : IFD_COMMUNICATION_ERROR;
}
