/* Rules on slots, tokens, sessions, mechanisms and PIN pads, and the garbage. */
#include <string.h>
#include <unistd.h>

#include "fault.h"

enum { MAX_SLOTS = 64 };

/* TWIN marks the number of a slot's second appearance; SoftHSM uses 31 bits of them. */
static const CK_SLOT_ID TWIN = (CK_SLOT_ID)1 << 40;

static CK_RV get_slot_list(const struct control *c, const CK_ULONG *a)
{
	CK_SLOT_ID ids[MAX_SLOTS * 2];
	CK_ULONG n = MAX_SLOTS, room, *count = (CK_ULONG *)a[2];
	CK_ULONG real_call[ARGUMENTS] = {a[0], (CK_ULONG)ids, (CK_ULONG)&n};
	CK_RV rv = call_real(I_C_GetSlotList, real_call);
	if (rv != CKR_OK) {
		return rv;
	}
	if (control_rule(c, "slots", "none")) {
		n = 0;
	}
	if (control_rule(c, "slots", "twin")) {
		for (CK_ULONG i = 0; i < n; i++) {
			ids[n + i] = ids[i] | TWIN;
		}
		n *= 2;
	}
	room = *count, *count = n;
	if (!a[1]) {
		return CKR_OK;
	}
	if (room < n) {
		return CKR_BUFFER_TOO_SMALL;
	}
	memcpy((void *)a[1], ids, n * sizeof *ids);
	return CKR_OK;
}

static CK_RV get_token_info(const struct control *c, const CK_ULONG *a)
{
	CK_TOKEN_INFO *info = (CK_TOKEN_INFO *)a[1];
	CK_RV rv = call_real(I_C_GetTokenInfo, a);
	const struct rule *r = control_rule(c, "token", "flags");
	for (int i = 0; rv == CKR_OK && r && r->arguments[i][0]; i++) {
		CK_FLAGS flag = control_number(r->arguments[i] + 1);
		info->flags = r->arguments[i][0] == '+' ? info->flags | flag : info->flags & ~flag;
	}
	if (rv == CKR_OK && (r = control_rule(c, "token", "pins"))) {
		info->ulMinPinLen = control_number(r->arguments[0]);
		info->ulMaxPinLen = control_number(r->arguments[1]);
	}
	return rv;
}

/* pad is a reader on which the person types, or presses its red key. */
static long pad(const struct control *c, CK_ULONG *a)
{
	const struct rule *r = control_rule(c, "pad", NULL);
	if (!r || a[2] != 0) {
		return NOT_MINE;
	}
	usleep((useconds_t)control_number(r->arguments[0]) * 1000);
	if (!strcmp(r->action, "cancel")) {
		return CKR_FUNCTION_CANCELED;
	}
	CK_ULONG with[ARGUMENTS] = {a[0], a[1], (CK_ULONG)r->arguments[1], strlen(r->arguments[1])};
	return (long)call_real(I_C_Login, with);
}

static int refused(const struct control *c, CK_MECHANISM_TYPE type)
{
	for (int i = 0; i < c->count; i++) {
		const struct rule *r = &c->rules[i];
		for (int k = 0; !strcmp(r->subject, "mechanisms") && r->arguments[k][0]; k++) {
			if (control_number(r->arguments[k]) == type) {
				return 1;
			}
		}
	}
	return 0;
}

long token_call(const struct control *c, enum function f, CK_ULONG *a)
{
	switch (f) {
	case I_C_GetSlotList:
		return (long)get_slot_list(c, a);
	case I_C_GetTokenInfo:
		a[0] &= ~TWIN;
		return (long)get_token_info(c, a);
	case I_C_OpenSession:
		a[0] &= ~TWIN;
		if ((a[1] & CKF_RW_SESSION) && control_rule(c, "sessions", "readonly")) {
			return CKR_TOKEN_WRITE_PROTECTED;
		}
		return NOT_MINE;
	case I_C_GetSlotInfo:
	case I_C_GetMechanismList:
	case I_C_GetMechanismInfo:
	case I_C_CloseAllSessions:
		a[0] &= ~TWIN;
		return NOT_MINE;
	case I_C_SignInit:
		return refused(c, ((CK_MECHANISM *)a[1])->mechanism) ? CKR_MECHANISM_INVALID : NOT_MINE;
	case I_C_Login:
		return pad(c, a);
	default:
		return NOT_MINE;
	}
}

static const CK_ULONG huge = (CK_ULONG)1 << 40;

static void spoil_attributes(CK_ATTRIBUTE *t, CK_ULONG n, const char *kind)
{
	for (CK_ULONG i = 0; i < n; i++) {
		if (!strcmp(kind, "huge")) {
			t[i].ulValueLen = huge;
		} else if (t[i].pValue && t[i].ulValueLen != CK_UNAVAILABLE_INFORMATION) {
			memset(t[i].pValue, 'x', t[i].ulValueLen);
		}
	}
}

/* garbage is what a module might answer that has lost its mind: a code that does not exist where there is nothing else to spoil. */
CK_RV garbage(enum function f, const CK_ULONG *a, const char *kind)
{
	switch (f) {
	case I_C_GetSlotList:
		*(CK_ULONG *)a[2] = huge;
		return CKR_OK;
	case I_C_GetSlotInfo:
		memset((void *)a[1], 0xff, sizeof(CK_SLOT_INFO));
		return CKR_OK;
	case I_C_GetTokenInfo:
		memset((void *)a[1], 0xff, sizeof(CK_TOKEN_INFO));
		return CKR_OK;
	case I_C_OpenSession:
		*(CK_ULONG *)a[3] = 0xdeadbeef;
		return CKR_OK;
	case I_C_FindObjects:
		*(CK_ULONG *)a[3] = huge;
		return CKR_OK;
	case I_C_GetAttributeValue:
		spoil_attributes((CK_ATTRIBUTE *)a[2], a[3], kind);
		return CKR_OK;
	case I_C_Sign:
		if (!strcmp(kind, "huge")) {
			*(CK_ULONG *)a[4] = huge;
		} else if (a[3]) {
			memset((void *)a[3], 'x', *(CK_ULONG *)a[4]);
		}
		return CKR_OK;
	default:
		return 0x0badc0de;
	}
}
