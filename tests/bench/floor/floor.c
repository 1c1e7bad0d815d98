// The floor: what the same work costs in bare C, with one process, no checks, no protocol.
//
//   floor echo                 answer one native-messaging frame with itself, stay until the pipe ends
//   floor list MODULE          read all certificates of the first token
//   floor sign MODULE PIN      the same, then log in, find the key with CKA_ID 01, sign with CKM_RSA_PKCS
//   floor watch READER         print a line whenever PC/SC tells that a card came into that reader
//
// list and sign print one line when they are done: nanoseconds from C_Login to the signature, certificates, peak memory in KiB.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CK_PTR *
#define CK_DECLARE_FUNCTION(returnType, name) returnType name
#define CK_DECLARE_FUNCTION_POINTER(returnType, name) returnType(*name)
#define CK_CALLBACK_FUNCTION(returnType, name) returnType(*name)
#ifndef NULL_PTR
#define NULL_PTR 0
#endif
#include "pkcs11.h"

static CK_FUNCTION_LIST_PTR p;

static void must(CK_RV rv, const char *call) {
	if (rv == CKR_OK) return;
	fprintf(stderr, "floor: %s: 0x%lX\n", call, (unsigned long)rv);
	exit(1);
}

static int64_t now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static long peak(void) {
	char line[256];
	long kib = 0;
	FILE *f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof line, f)) sscanf(line, "VmHWM: %ld", &kib);
	if (f) fclose(f);
	return kib;
}

static void whole(int fd, char *b, size_t n, ssize_t (*io)(int, void *, size_t)) {
	for (size_t have = 0; have < n;) {
		ssize_t m = io(fd, b + have, n - have);
		if (m <= 0) exit(0);
		have += (size_t)m;
	}
}

static int echo(void) {
	static char b[1 << 16];
	uint32_t n;
	for (;;) {
		whole(0, (char *)&n, 4, read);
		if (n > sizeof b - 4) return 1;
		memcpy(b, &n, 4);
		whole(0, b + 4, n, read);
		whole(1, b, n + 4, (ssize_t(*)(int, void *, size_t))write);
	}
}

static CK_ULONG find(CK_SESSION_HANDLE s, CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *out, CK_ULONG most) {
	CK_ULONG found = 0;
	must(p->C_FindObjectsInit(s, t, n), "C_FindObjectsInit");
	must(p->C_FindObjects(s, out, most, &found), "C_FindObjects");
	must(p->C_FindObjectsFinal(s), "C_FindObjectsFinal");
	return found;
}

static CK_ULONG read_certificates(CK_SESSION_HANDLE s) {
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof class}};
	CK_OBJECT_HANDLE objects[32];
	CK_ULONG n = find(s, t, 1, objects, 32);
	for (CK_ULONG i = 0; i < n; i++) {
		static CK_BYTE value[8192], id[256];
		CK_ATTRIBUTE a[] = {{CKA_VALUE, value, sizeof value}, {CKA_ID, id, sizeof id}};
		must(p->C_GetAttributeValue(s, objects[i], a, 2), "C_GetAttributeValue");
	}
	return n;
}

static void sign(CK_SESSION_HANDLE s, const char *pin) {
	// the DigestInfo of SHA-256 (RFC 8017, section 9.2, note 1) with a digest of zeros
	static CK_BYTE input[51] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	static CK_BYTE signature[1024];
	CK_ULONG size = sizeof signature;
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_BYTE id = 1;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, &id, 1}};
	CK_OBJECT_HANDLE key;
	CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
	must(p->C_Login(s, CKU_USER, (CK_UTF8CHAR_PTR)pin, strlen(pin)), "C_Login");
	if (find(s, t, 2, &key, 1) != 1) must(CKR_GENERAL_ERROR, "no key with CKA_ID 01");
	must(p->C_SignInit(s, &mechanism, key), "C_SignInit");
	must(p->C_Sign(s, input, sizeof input, signature, &size), "C_Sign");
}

static int token(const char *module, const char *pin) {
	void *lib = dlopen(module, RTLD_NOW);
	if (!lib) {
		fprintf(stderr, "floor: %s\n", dlerror());
		return 1;
	}
	CK_C_GetFunctionList list = (CK_C_GetFunctionList)dlsym(lib, "C_GetFunctionList");
	must(list(&p), "C_GetFunctionList");
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	must(p->C_Initialize(&args), "C_Initialize");
	CK_SLOT_ID slots[32];
	CK_ULONG n = 32;
	must(p->C_GetSlotList(CK_TRUE, slots, &n), "C_GetSlotList");
	for (CK_ULONG i = 0; i < n; i++) {
		CK_SLOT_INFO slot;
		CK_TOKEN_INFO info;
		must(p->C_GetSlotInfo(slots[i], &slot), "C_GetSlotInfo");
		must(p->C_GetTokenInfo(slots[i], &info), "C_GetTokenInfo");
		if (!(info.flags & CKF_TOKEN_INITIALIZED)) continue;
		CK_SESSION_HANDLE s;
		must(p->C_OpenSession(slots[i], CKF_SERIAL_SESSION, NULL, NULL, &s), "C_OpenSession");
		CK_ULONG certificates = read_certificates(s);
		int64_t start = now();
		if (pin) sign(s, pin);
		int64_t end = now();
		printf("%lld %lu %ld\n", (long long)(end - start), (unsigned long)certificates, peak());
		fflush(stdout);
		p->C_Finalize(NULL);
		return 0;
	}
	fprintf(stderr, "floor: no token\n");
	return 1;
}

// pcsclite's SCARD_READERSTATE on Linux.
struct reader_state {
	const char *name;
	void *user;
	unsigned long current, event, atr_size;
	unsigned char atr[33];
};

static int watch(const char *reader) {
	void *lib = dlopen("libpcsclite.so.1", RTLD_NOW);
	if (!lib) return 1;
	long (*establish)(unsigned long, void *, void *, long *) = (long (*)(unsigned long, void *, void *, long *))dlsym(lib, "SCardEstablishContext");
	long (*change)(long, unsigned long, struct reader_state *, unsigned long) =
		(long (*)(long, unsigned long, struct reader_state *, unsigned long))dlsym(lib, "SCardGetStatusChange");
	long context;
	if (!establish || !change || establish(2, NULL, NULL, &context)) return 1;
	struct reader_state state = {.name = reader};
	for (;;) {
		if (change(context, 0xFFFFFFFF, &state, 1)) return 1;
		if ((state.event & 0x20) && !(state.current & 0x20) && write(1, "\n", 1) != 1) return 0;
		state.current = state.event & ~2UL;
	}
}

int main(int argc, char **argv) {
	if (argc == 2 && !strcmp(argv[1], "echo")) return echo();
	if (argc == 3 && !strcmp(argv[1], "list")) return token(argv[2], NULL);
	if (argc == 4 && !strcmp(argv[1], "sign")) return token(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "watch")) return watch(argv[2]);
	fprintf(stderr, "usage: floor echo | list MODULE | sign MODULE PIN | watch READER\n");
	return 2;
}
