/* The declarations that control.c, dispatch.c, tokens.c and objects.c share; ../fault.go tells what the module is for. */
#ifndef FAULT_H
#define FAULT_H

#define CK_PTR *
#define NULL_PTR 0
#define CK_DEFINE_FUNCTION(type, name) type name
#define CK_DECLARE_FUNCTION(type, name) type name
#define CK_DECLARE_FUNCTION_POINTER(type, name) type(*name)
#define CK_CALLBACK_FUNCTION(type, name) type(*name)
#include "pkcs11.h" /* the standard's own, as the Go module miekg/pkcs11 ships it */

/* Every argument of PKCS#11 fits a register, and none of its functions has more than eight. */
enum { ARGUMENTS = 8 };

enum function {
#define CK_PKCS11_FUNCTION_INFO(name) I_##name,
#include "pkcs11f.h"
#undef CK_PKCS11_FUNCTION_INFO
	FUNCTIONS
};
extern const char *const function_names[FUNCTIONS];

enum { MAX_RULES = 48, MAX_WORDS = 12 };

/* rule is a line of the control file that holds at this moment: its conditions are met already. */
struct rule {
	char *subject, *action;
	char *arguments[MAX_WORDS + 1]; /* "" where there is none */
};

struct control {
	char text[8192], module[1024];
	struct rule rules[MAX_RULES];
	int count;
};

/* control_read reads the file beside this library. calls says how often the function was called, logged_in whether C_Login has
 * succeeded: conditions ask for both. */
void control_read(struct control *c, const char *function, unsigned calls, int logged_in);
/* control_rule finds the first rule of that subject, with that action if it is not NULL. */
const struct rule *control_rule(const struct control *c, const char *subject, const char *action);
unsigned long control_number(const char *word);
void log_call(const char *function, const char *note);

/* call_real asks the module behind. */
CK_RV call_real(enum function f, const CK_ULONG *a);
extern CK_FUNCTION_LIST_PTR real;
int logged_in(void);

/* What the rules on slots, tokens, sessions and PIN pads make of a call; -1: nothing, ask the real module. */
enum { NOT_MINE = -1 };
long token_call(const struct control *c, enum function f, CK_ULONG *a);
/* The same for rules on objects. */
long object_call(const struct control *c, enum function f, CK_ULONG *a);
/* garbage spoils what the real module has just answered. */
CK_RV garbage(enum function f, const CK_ULONG *a, const char *kind);

#endif
