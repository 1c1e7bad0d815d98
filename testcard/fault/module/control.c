/* The control file, read again at each call, and the log of calls. Both lie beside this library, which finds itself: the
 * host's children have no environment that could tell. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"

static void beside(char *path, size_t size, const char *suffix)
{
	Dl_info self;
	if (!dladdr((void *)beside, &self)) {
		abort();
	}
	snprintf(path, size, "%s%s", self.dli_fname, suffix);
}

static size_t slurp(const char *path, char *text, size_t size)
{
	size_t n = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (got = read(fd, text + n, size - 1 - n)) > 0) {
		n += (size_t)got;
	}
	if (fd >= 0) {
		close(fd);
	}
	text[n] = 0;
	return n;
}

/* role is the first argument of this process: in the host's children token-scanner or token-signer. */
static const char *role(void)
{
	static char line[4096];
	size_t n = slurp("/proc/self/cmdline", line, sizeof line);
	size_t first = strlen(line) + 1;
	return first < n ? line + first : "-";
}

void log_call(const char *function, const char *note)
{
	char path[1100], line[256];
	beside(path, sizeof path, ".calls");
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	int n = snprintf(line, sizeof line, "%s %d %s%s\n", role(), (int)getpid(), function, note);
	if (fd < 0 || write(fd, line, (size_t)n) != n) { /* one write: lines of two processes do not mix */
		abort();
	}
	close(fd);
}

unsigned long control_number(const char *word) { return strtoul(word, NULL, 0); }

/* conditions eats those before the action; 0: one is not met. */
static int conditions(char **words, int *i, unsigned calls, int in)
{
	for (;; (*i)++) {
		if (!strcmp(words[*i], "in")) {
			if (strcmp(words[++*i], role())) {
				return 0;
			}
		} else if (!strcmp(words[*i], "after")) {
			if (calls <= control_number(words[++*i])) {
				return 0;
			}
		} else if (!strcmp(words[*i], "loggedin") || !strcmp(words[*i], "loggedout")) {
			if (in != !strcmp(words[*i], "loggedin")) {
				return 0;
			}
		} else {
			return 1;
		}
	}
}

static void line(struct control *c, char *text, const char *function, unsigned calls, int in)
{
	static char empty[] = "";
	char *words[MAX_WORDS + 3], *rest = NULL;
	int n = 0, i = 1;
	for (char *w = strtok_r(text, " \t", &rest); w && n < MAX_WORDS; w = strtok_r(NULL, " \t", &rest)) {
		words[n++] = w;
	}
	words[n] = words[n + 1] = words[n + 2] = empty;
	if (n == 0 || words[0][0] == '#') {
		return;
	}
	if (!strcmp(words[0], "module")) {
		snprintf(c->module, sizeof c->module, "%s", words[1]);
		return;
	}
	/* rules on other functions do not matter to this call, and their counts are not known here */
	if (c->count == MAX_RULES || (!strncmp(words[0], "C_", 2) && strcmp(words[0], function)) || !conditions(words, &i, calls, in)) {
		return;
	}
	struct rule *r = &c->rules[c->count++];
	r->subject = words[0], r->action = words[i];
	for (int k = 0; k <= MAX_WORDS; k++) {
		r->arguments[k] = i + 1 + k < n ? words[i + 1 + k] : empty;
	}
}

void control_read(struct control *c, const char *function, unsigned calls, int in)
{
	char path[1100], *rest = NULL;
	beside(path, sizeof path, ".control");
	c->count = 0, c->module[0] = 0;
	slurp(path, c->text, sizeof c->text);
	for (char *l = strtok_r(c->text, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
		line(c, l, function, calls, in);
	}
}

const struct rule *control_rule(const struct control *c, const char *subject, const char *action)
{
	for (int i = 0; i < c->count; i++) {
		if (!strcmp(c->rules[i].subject, subject) && (!action || !strcmp(c->rules[i].action, action))) {
			return &c->rules[i];
		}
	}
	return NULL;
}
