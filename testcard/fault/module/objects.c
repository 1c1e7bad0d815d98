/* Rules on objects: keys that are hidden, CKA_IDs that lead nowhere. While such a rule holds, a search is carried out here over
 * all objects of the real module. */
#include <stdlib.h>
#include <string.h>

#include "fault.h"

enum { MAX_OBJECTS = 256, MAX_SEARCHES = 16, MAX_ID = 256 };

static struct search {
	CK_SESSION_HANDLE session; /* 0: free */
	CK_OBJECT_HANDLE found[MAX_OBJECTS];
	CK_ULONG count, given;
} searches[MAX_SEARCHES];

static struct search *search_of(CK_SESSION_HANDLE session)
{
	for (int i = 0; i < MAX_SEARCHES; i++) {
		if (searches[i].session == session) {
			return &searches[i];
		}
	}
	return NULL;
}

static CK_OBJECT_CLASS class_of(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	CK_OBJECT_CLASS class = CK_UNAVAILABLE_INFORMATION;
	CK_ATTRIBUTE t = {CKA_CLASS, &class, sizeof class};
	real->C_GetAttributeValue(session, object, &t, 1);
	return class;
}

static CK_OBJECT_CLASS class_named(const char *word)
{
	return !strcmp(word, "private") ? CKO_PRIVATE_KEY : !strcmp(word, "public") ? CKO_PUBLIC_KEY : CKO_CERTIFICATE;
}

static int hidden(const struct control *c, CK_OBJECT_CLASS class)
{
	for (int i = 0; i < c->count; i++) {
		if (!strcmp(c->rules[i].subject, "objects") && !strcmp(c->rules[i].action, "hide") && class_named(c->rules[i].arguments[0]) == class) {
			return 1;
		}
	}
	return 0;
}

/* id_rule is "strip", "other" or NULL. */
static const char *id_rule(const struct control *c, CK_OBJECT_CLASS class)
{
	for (int i = 0; i < c->count; i++) {
		if (!strcmp(c->rules[i].subject, "objects") && !strcmp(c->rules[i].action, "id") && class_named(c->rules[i].arguments[1]) == class) {
			return c->rules[i].arguments[0];
		}
	}
	return NULL;
}

static void spoil_id(const char *rule, CK_ATTRIBUTE *id)
{
	if (!strcmp(rule, "strip")) {
		id->ulValueLen = 0;
	} else if (id->pValue && id->ulValueLen != CK_UNAVAILABLE_INFORMATION && id->ulValueLen > 0) {
		((CK_BYTE *)id->pValue)[id->ulValueLen - 1] ^= 0x80;
	}
}

static int has_id(const struct control *c, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, const CK_ATTRIBUTE *want)
{
	CK_BYTE buffer[MAX_ID];
	CK_ATTRIBUTE id = {CKA_ID, buffer, sizeof buffer};
	if (real->C_GetAttributeValue(session, object, &id, 1) != CKR_OK) {
		return 0;
	}
	const char *rule = id_rule(c, class_of(session, object));
	if (rule) {
		spoil_id(rule, &id);
	}
	return id.ulValueLen == want->ulValueLen && !memcmp(buffer, want->pValue, id.ulValueLen);
}

static CK_RV find_init(const struct control *c, const CK_ULONG *a)
{
	CK_ATTRIBUTE rest[32], *t = (CK_ATTRIBUTE *)a[1], *id = NULL;
	CK_ULONG n = 0, got = 0;
	CK_OBJECT_HANDLE all[MAX_OBJECTS];
	for (CK_ULONG i = 0; i < a[2] && n < 32; i++) {
		if (t[i].type == CKA_ID) {
			id = &t[i];
		} else {
			rest[n++] = t[i];
		}
	}
	struct search *s = search_of(0);
	CK_RV rv = real->C_FindObjectsInit(a[0], rest, n);
	if (!s || rv != CKR_OK) {
		return rv ? rv : CKR_HOST_MEMORY;
	}
	rv = real->C_FindObjects(a[0], all, MAX_OBJECTS, &got);
	real->C_FindObjectsFinal(a[0]);
	s->session = a[0], s->count = s->given = 0;
	for (CK_ULONG i = 0; i < got; i++) {
		if (!hidden(c, class_of(a[0], all[i])) && (!id || has_id(c, a[0], all[i], id))) {
			s->found[s->count++] = all[i];
		}
	}
	return rv;
}

static CK_RV find_next(struct search *s, const CK_ULONG *a)
{
	CK_ULONG n = s->count - s->given;
	if (n > a[2]) {
		n = a[2];
	}
	memcpy((void *)a[1], s->found + s->given, n * sizeof *s->found);
	s->given += n;
	*(CK_ULONG *)a[3] = n;
	return CKR_OK;
}

/* attributes asks for something else in the place of a CKA_ID that is not there: the caller has no room for the true one. */
static long attributes(const struct control *c, const CK_ULONG *a)
{
	CK_ATTRIBUTE *t = (CK_ATTRIBUTE *)a[2];
	const char *rule = id_rule(c, class_of(a[0], a[1]));
	for (CK_ULONG i = 0; rule && i < a[3]; i++) {
		if (t[i].type == CKA_ID && !strcmp(rule, "strip")) {
			CK_ATTRIBUTE id = t[i];
			t[i].type = CKA_CLASS, t[i].pValue = NULL;
			CK_RV rv = call_real(I_C_GetAttributeValue, a);
			id.ulValueLen = 0, t[i] = id;
			return (long)rv;
		}
	}
	CK_RV rv = call_real(I_C_GetAttributeValue, a);
	for (CK_ULONG i = 0; rule && rv == CKR_OK && i < a[3]; i++) {
		if (t[i].type == CKA_ID) {
			spoil_id(rule, &t[i]);
		}
	}
	return (long)rv;
}

long object_call(const struct control *c, enum function f, CK_ULONG *a)
{
	struct search *s;
	switch (f) {
	case I_C_FindObjectsInit:
		return control_rule(c, "objects", NULL) ? (long)find_init(c, a) : NOT_MINE;
	case I_C_FindObjects:
		return a[0] && (s = search_of(a[0])) ? (long)find_next(s, a) : NOT_MINE;
	case I_C_FindObjectsFinal:
		if (!a[0] || !(s = search_of(a[0]))) {
			return NOT_MINE;
		}
		s->session = 0;
		return CKR_OK;
	case I_C_GetAttributeValue:
		return control_rule(c, "objects", "id") ? attributes(c, a) : NOT_MINE;
	default:
		return NOT_MINE;
	}
}
