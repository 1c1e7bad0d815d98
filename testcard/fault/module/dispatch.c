/* The PKCS#11 functions: each is noted, meets the faults that the control file has for it, then goes to the rules on tokens and
 * objects or to the real module. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fault.h"

const char *const function_names[FUNCTIONS] = {
#define CK_PKCS11_FUNCTION_INFO(name) #name,
#include "pkcs11f.h"
#undef CK_PKCS11_FUNCTION_INFO
};

CK_FUNCTION_LIST_PTR real;
static unsigned calls[FUNCTIONS];
static int user_logged_in;

int logged_in(void) { return user_logged_in; }

/* All functions have the shape of one with eight words: the calling conventions of amd64 and arm64 let a function be called with
 * more arguments than it takes, and let it pass on what it was not given. */
typedef CK_RV (*generic)(CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG, CK_ULONG);

CK_RV call_real(enum function f, const CK_ULONG *a)
{
	generic g = NULL;
	switch (f) {
#define CK_PKCS11_FUNCTION_INFO(name)   \
	case I_##name:                  \
		g = (generic)real->name; \
		break;
#include "pkcs11f.h"
#undef CK_PKCS11_FUNCTION_INFO
	default:
		abort();
	}
	return g(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
}

/* grow takes memory until there is none. The limit is for a system that sets none: a test must not take the machine with it. */
static CK_RV grow(void)
{
	enum { STEP = 16 << 20, MOST = 512, SOME = 1 << 15 };
	for (int i = 0; i < MOST; i++) {
		char *p = mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED) {
			return CKR_HOST_MEMORY;
		}
		for (int k = 0; k < STEP; k += SOME) {
			p[k] = 1; /* not every page: to fill them takes longer than a test's patience */
		}
	}
	for (;;) {
		pause();
	}
}

static void print(void)
{
	static const char text[] = "the module talks\n{\"jsonrpc\":\"2.0\"}\n";
	for (int fd = 1; fd <= 2; fd++) {
		if (write(fd, text, sizeof text - 1) < 0) {
			abort();
		}
	}
	puts(text);
	fflush(stdout);
}

/* act does what a rule on a function says. It returns 1 with *rv set if the call ends with that. */
static int act(const struct rule *r, CK_RV *rv)
{
	if (!strcmp(r->action, "crash")) {
		*(volatile int *)16 = 1;
	} else if (!strcmp(r->action, "abort")) {
		abort();
	} else if (!strcmp(r->action, "exit")) {
		_exit((int)control_number(r->arguments[0]));
	} else if (!strcmp(r->action, "hang")) {
		for (;;) {
			pause();
		}
	} else if (!strcmp(r->action, "fork")) {
		if (fork() == 0) {
			for (;;) {
				pause();
			}
		}
	} else if (!strcmp(r->action, "grow")) {
		*rv = grow();
		return 1;
	} else if (!strcmp(r->action, "return")) {
		*rv = control_number(r->arguments[0]);
		return 1;
	} else if (!strcmp(r->action, "delay")) {
		usleep((useconds_t)control_number(r->arguments[0]) * 1000);
	} else if (!strcmp(r->action, "print")) {
		print();
	}
	return 0;
}

/* note is what the log may tell of arguments. */
static const char *note(enum function f, const CK_ULONG *a)
{
	if (f == I_C_Login) {
		return a[1] == CKU_CONTEXT_SPECIFIC ? " again" : a[2] == 0 ? " pad" : "";
	}
	return "";
}

static CK_RV dispatch(enum function f, CK_ULONG *a)
{
	struct control c;
	CK_RV rv;
	/* the log comes second: who sees a call there may change the file for the next one */
	control_read(&c, function_names[f], ++calls[f], user_logged_in);
	log_call(function_names[f], note(f, a));
	for (int i = 0; i < c.count; i++) {
		if (!strcmp(c.rules[i].subject, function_names[f]) && act(&c.rules[i], &rv)) {
			return rv;
		}
	}
	long mine = token_call(&c, f, a);
	if (mine == NOT_MINE) {
		mine = object_call(&c, f, a);
	}
	rv = mine == NOT_MINE ? call_real(f, a) : (CK_RV)mine;
	if (f == I_C_Login && rv == CKR_OK && a[1] == CKU_USER) {
		user_logged_in = 1;
	} else if (f == I_C_Logout || f == I_C_Finalize) {
		user_logged_in = 0;
	}
	const struct rule *r = control_rule(&c, function_names[f], "answer");
	if (r && rv != CKR_OK) {
		return control_number(r->arguments[0]);
	}
	r = control_rule(&c, function_names[f], "garbage");
	return r ? garbage(f, a, r->arguments[0]) : rv;
}

#define CK_PKCS11_FUNCTION_INFO(name)                                                                                           \
	static CK_RV do_##name(CK_ULONG a, CK_ULONG b, CK_ULONG c, CK_ULONG d, CK_ULONG e, CK_ULONG f, CK_ULONG g, CK_ULONG h) \
	{                                                                                                                       \
		CK_ULONG all[ARGUMENTS] = {a, b, c, d, e, f, g, h};                                                             \
		return dispatch(I_##name, all);                                                                                 \
	}
#include "pkcs11f.h"
#undef CK_PKCS11_FUNCTION_INFO

static CK_FUNCTION_LIST list = {
	{2, 20},
#define CK_PKCS11_FUNCTION_INFO(name) (CK_##name)do_##name,
#include "pkcs11f.h"
#undef CK_PKCS11_FUNCTION_INFO
};

static int load(const char *path)
{
	CK_C_GetFunctionList get;
	void *handle = dlopen(path, RTLD_NOW);
	if (!handle || !(get = (CK_C_GetFunctionList)dlsym(handle, "C_GetFunctionList"))) {
		return 0;
	}
	return get(&real) == CKR_OK;
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR out)
{
	struct control c;
	CK_RV rv = CKR_GENERAL_ERROR;
	static CK_FUNCTION_LIST nothing;
	control_read(&c, "C_GetFunctionList", ++calls[I_C_GetFunctionList], 0);
	log_call("C_GetFunctionList", "");
	for (int i = 0; i < c.count; i++) {
		if (!strcmp(c.rules[i].subject, "C_GetFunctionList") && act(&c.rules[i], &rv)) {
			return rv;
		}
	}
	if (!real && !load(c.module)) {
		return CKR_GENERAL_ERROR;
	}
	*out = control_rule(&c, "C_GetFunctionList", "garbage") ? &nothing : &list;
	return CKR_OK;
}
