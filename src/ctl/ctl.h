/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the verbs of netctl share: the options, the way to the daemon, the ways to print. */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <systemd/sd-bus.h>

#include "core/errors.h"
#include "core/schema.h"
#include "exit.h"
#include "util/mem.h"

/* So long a change waits for its confirmation if nobody says otherwise. */
#define CONFIRM_SECONDS 60
/* The longest time that can be asked for. */
#define SECONDS_MAX 86400

enum json_mode { JSON_MODE_OFF, JSON_MODE_SHORT, JSON_MODE_PRETTY };

struct ctl {
	const char *host; /* NULL: this machine */
	char **hosts;	  /* all that were given */
	unsigned n_hosts;
	const char *root; /* folder that a machine's files are below; "": this machine's */
	enum json_mode json;
	bool legend, colour, utf8, all, dry_run, replace, dot, svg, tdr;
	bool quiet; /* errors are not told */
	unsigned width; /* of the terminal, columns */
	unsigned confirm, hold_for, interval; /* seconds; 0: not given */
	unsigned count;	   /* of packets to capture; 0: until interrupted */
	const char *write; /* the file of a capture; NULL: lines of text */
	unsigned timeout; /* of wait-online, seconds; 0: only look */
	uint64_t timeout_usec;	    /* of a call; 0: as long as it takes */
	int signals; /* signals_watch(): they end calls and questions; -1: they end the program */
	char **names;	/* what stands behind the verb */
	unsigned n_names;
	unsigned used; /* enum option_flags: what the caller gave */
	sd_bus *bus;
	bool is_absent; /* the last call found no daemon */
};

/* Options that only some verbs have a use for. */
enum option_flags {
	USES_BUS = 1 << 0, /* -H */
	USES_LEGEND = 1 << 1,
	USES_ALL = 1 << 2,
	USES_DRY_RUN = 1 << 3,
	USES_CONFIRM = 1 << 4,
	USES_FOR = 1 << 5,
	USES_INTERVAL = 1 << 6,
	USES_TIMEOUT = 1 << 7,
	USES_DOT = 1 << 8,
	USES_ROOT = 1 << 9,
	USES_FLEET = 1 << 10, /* -H several times */
	USES_SVG = 1 << 11,
	USES_TDR = 1 << 12,
	USES_CAPTURE = 1 << 13,
};

struct verb {
	const char *name, *args;
	unsigned min, max; /* how many arguments */
	unsigned uses;	   /* enum option_flags */
	int (*run)(struct ctl *c); /* returns an exit status; errors have been told */
	const char *help;
};

/** verbs - ends with a NULL name */
extern const struct verb verbs[];

/* An option: written --name, or -letter. */
struct option_row {
	const char *name;
	char letter;
	const char *value; /* for people; NULL: it takes none */
	bool optional;	   /* the value */
	unsigned use;	   /* enum option_flags; 0: every verb has a use for it */
	const char *const *words; /* what the value may be, NULL ends; NULL: anything */
	int (*set)(struct ctl *c, const struct option_row *o, const char *value);
	const char *help;
};

/** options - ends with a NULL name */
extern const struct option_row options[];

/** options_parse - returns -1 to go on, or an exit status */
int options_parse(struct ctl *c, int argc, char **argv);

/** options_refuse - an option that would do nothing is a misunderstanding; returns as above */
int options_refuse(const struct ctl *c, const struct verb *v);

/* The verbs, by file. */
int verb_status(struct ctl *c);
int verb_show(struct ctl *c);
int verb_check(struct ctl *c);
int verb_init(struct ctl *c);
int verb_plan(struct ctl *c);
int verb_apply(struct ctl *c);
int verb_reload(struct ctl *c);
int verb_export(struct ctl *c);
int verb_confirm(struct ctl *c);
int verb_rollback(struct ctl *c);
int verb_history(struct ctl *c);
int verb_diff(struct ctl *c);
int verb_hold(struct ctl *c);
int verb_release(struct ctl *c);
int verb_stats(struct ctl *c);
int verb_xdp(struct ctl *c);
int verb_drops(struct ctl *c);

/** capture_run - netctl xdp capture NAME */
int capture_run(struct ctl *c, const char *name);

int verb_metrics(struct ctl *c);
int verb_monitor(struct ctl *c);
int verb_wait_online(struct ctl *c);
int verb_graph(struct ctl *c);
int verb_fdb(struct ctl *c);
int verb_sfp(struct ctl *c);
int verb_tsn(struct ctl *c);
int verb_help(struct ctl *c);
int verb_test_cable(struct ctl *c);
int verb_identify(struct ctl *c);
int verb_restart_autoneg(struct ctl *c);
int verb_edit(struct ctl *c);

/** example_texts - the features' examples as they are written, NULL ends; made at build time */
extern const char *const example_texts[];

/** typedef stats_print_fn - print a document of GetStatistics; @rates: it has them */
typedef int (*stats_print_fn)(struct ctl *c, json_t *document, bool rates);

/**
 * stats_watch - read and print, once or (--interval) until interrupted; an exit status
 * @groups: of counters, NULL ends; NULL: all
 */
int stats_watch(struct ctl *c, const char *const *groups, stats_print_fn fn);

/** stats_read - what GetStatistics says of the interfaces named; returns an exit status */
int stats_read(struct ctl *c, const char *const *groups, json_t **ret);

/** fleet_run - a verb on several hosts at once; returns the worst of their exit statuses */
int fleet_run(struct ctl *c, const struct verb *v);

/** count_states - "12 interfaces: 10 ok, 1 failed, 1 foreign"; the caller frees it */
char *count_states(const json_t *list);

/** ctl_generation - tell the answer of Apply, Reload and Rollback; returns an exit status */
int ctl_generation(const struct ctl *c, sd_bus_message *reply);

/* A change that is thought of. */
struct change_asked {
	bool stored;	     /* to a generation of the history, not to what is on disk */
	uint64_t generation; /* 0: the one that rollback would go to by itself */
	bool confirmable;    /* it could be made with --confirm */
};

/** ctl_plan - with steps, what loses traffic, and whether the way to @peer (or NULL) is cut */
int ctl_plan(struct ctl *c, const struct change_asked *a, const char *peer, json_t **ret);

/**
 * path_peer - where the ssh connection comes from that led here, or that leads to the host asked
 *
 * As the machine has it that is asked; NULL: none. The caller frees it.
 */
char *path_peer(const struct ctl *c);

/** path_is_cut - does this plan interrupt that way, or may it? */
bool path_is_cut(const json_t *plan);

/** path_print - "interrupts the way you came by (ssh from 203.0.113.7 by wan)" */
void path_print(const json_t *plan, FILE *out);

/**
 * path_ask - before a change that nothing reverts: would it cut off the person who asks for it?
 *
 * Then asked on a terminal, and else warned of. Sets c->confirm where that is the answer.
 * Return: an exit status; EXIT_DONE: go on.
 */
int path_ask(struct ctl *c, const struct change_asked *a);

/** apply_confirm - apply what reverts itself, and ask on a terminal; returns an exit status */
int apply_confirm(struct ctl *c);

/* machine.c */

/** machine_has - is there such an interface now? As struct config_paths asks. */
bool machine_has(void *data, const char *name);

struct machine;
struct model;

/**
 * machine_read - what this machine has, without the daemon
 * @for_what: a configuration: what is read besides is what it needs; NULL: none
 *
 * Return: NULL: the kernel does not tell.
 */
struct machine *machine_read(const struct model *for_what);

/** machine_free - NULL is allowed; returns NULL */
struct machine *machine_free(struct machine *m);

static inline void machine_freep(struct machine **m)
{
	machine_free(*m);
}

/** machine_model - what it has; NULL of NULL */
const struct model *machine_model(const struct machine *m);

/** print_warnings - each in a line of its own; to @out */
void print_warnings(const struct ctl *c, const json_t *warnings, FILE *out);

/* call.c */

/**
 * ctl_call - ask the daemon, and wait for the answer
 * @ret: the answer, NULL where it does not matter
 *
 * Return: an exit status; what went wrong has been told.
 */
int ctl_call(struct ctl *c, const char *method, sd_bus_message **ret, const char *types, ...);

/** ctl_call_new, ctl_call_send - the same in two steps, for arguments that are not so simple */
int ctl_call_new(struct ctl *c, const char *method, sd_bus_message **ret);
int ctl_call_send(struct ctl *c, sd_bus_message *m, sd_bus_message **ret);

/** ctl_hang_up - no connection any more, nor ssh; what has not been sent is, if there was one */
void ctl_hang_up(struct ctl *c);

/** ctl_fail_arguments - what was asked for cannot be put into a message: @r; an exit status */
int ctl_fail_arguments(const struct ctl *c, int r);

/** ctl_fail_answer - what the daemon answered is not what this netctl knows; an exit status */
int ctl_fail_answer(const struct ctl *c);

/** ctl_call_link - the same as ctl_call_new() for a method of the link object at @path */
int ctl_call_link(struct ctl *c, const char *path, const char *method, sd_bus_message **ret);

/**
 * ctl_read_document - the document of an answer, a new reference; returns an exit status
 *
 * One of another version than this netctl knows is refused.
 */
int ctl_read_document(const struct ctl *c, sd_bus_message *reply, json_t **ret);

/** ctl_read_text - the string of an answer; the caller frees it; returns an exit status */
int ctl_read_text(const struct ctl *c, sd_bus_message *reply, char **ret);

/** ctl_call_text - the same for methods without arguments that return a string */
int ctl_call_text(struct ctl *c, const char *method, char **ret);

/** ctl_describe - the daemon's whole state, a new reference; returns an exit status */
int ctl_describe(struct ctl *c, json_t **ret);

/** ctl_describe_groups - of settings only those in @groups (NULL ends), which is quicker */
int ctl_describe_groups(struct ctl *c, const char *const *groups, json_t **ret);

/**
 * signals_watch - from now on what asks the program to end (INT, QUIT, TERM, HUP) is read
 *
 * And a reader that goes away is an error of writing. Return: a descriptor of signalfd(2).
 */
int signals_watch(void);

/** signals_wait - until @fd is ready for @events; 1, 0: @usec are over, -EINTR: a signal came */
int signals_wait(const struct ctl *c, int fd, short events, uint64_t usec);

/** signals_came - has one come that nobody has taken? */
bool signals_came(const struct ctl *c);

/** signals_take - what has come is answered */
void signals_take(const struct ctl *c);

/* output.c */

/**
 * output_flush - for what prints again and again; 0 or a negative errno
 *
 * -EPIPE: nobody reads any longer, which is no error; what is printed then goes nowhere.
 */
int output_flush(void);

/** ctl_json - print a document as --json asks; takes over @j; returns EXIT_DONE */
int ctl_json(const struct ctl *c, json_t *j);

/** ctl_done - tell that it is done, on stderr, or as a document; returns EXIT_DONE */
int ctl_done(const struct ctl *c, const char *fmt, ...) _printf_(2, 3);

/**
 * ctl_fail - tell an error, as text on stderr or as JSON on stdout
 * @name: for programs: the D-Bus name of the error, or one like it
 * @text: for people, one line or more
 *
 * Return: @status, so that a verb can end with it.
 */
int ctl_fail(const struct ctl *c, int status, const char *name, const char *text);

/** ctl_usage - ctl_fail() for what the caller wrote; printf-like; returns EXIT_USAGE */
int ctl_usage(const struct ctl *c, const char *fmt, ...) _printf_(2, 3);

enum colour { COLOUR_NONE, COLOUR_DIM, COLOUR_BOLD, COLOUR_GREEN, COLOUR_YELLOW, COLOUR_RED };

/** colour_on, colour_off - the terminal's escape sequences, "" without colours */
const char *colour_on(const struct ctl *c, enum colour colour);
const char *colour_off(const struct ctl *c, enum colour colour);

/* How a state of an interface looks. */
struct mark {
	const char *state, *utf8, *ascii;
	enum colour colour;
	const char *sentence; /* what is wrong where the daemon gives no reason; NULL: nothing */
};

/** mark_of - of a management state; never NULL */
const struct mark *mark_of(const char *state);

/** mark_print - the mark alone, coloured */
void mark_print(const struct ctl *c, const struct mark *m);

/** text_width - columns that UTF-8 text takes */
unsigned text_width(const char *s);

/** print_wrapped - lines of at most @width columns, indented, broken at spaces */
void print_wrapped(const char *text, int indent, unsigned width);

/** print_hanging - the same, with another indent for the first line */
void print_hanging(const char *text, int first, int indent, unsigned width);

/* A table: columns as wide as their widest cell, those that are empty left out. */
#define TABLE_COLUMNS 8

struct table {
	const char *heads[TABLE_COLUMNS]; /* NULL ends */
	unsigned right; /* bit n: column n is of numbers */
	struct table_row *rows;
	unsigned n;
};

struct table_row {
	const struct mark *mark; /* NULL: none */
	char *cells[TABLE_COLUMNS]; /* taken over; NULL: empty */
	char *below;		    /* a line of its own under the row; NULL: none */
	char *instead;		    /* instead of the cells: a line as it is; NULL: the cells */
};

/** table_add - an empty row */
struct table_row *table_add(struct table *t, const struct mark *mark);

/** table_print - and free what it holds */
void table_print(const struct ctl *c, struct table *t);

/* signal.c */

/** signal_json - the next value of a message, a new reference; NULL: it makes no sense */
json_t *signal_json(sd_bus_message *m);

/** signal_key - the key of a property, as the configuration has it; the caller frees it */
char *signal_key(const char *interface, const char *property);

/* json.c */

/**
 * get_text - what a document of the daemon's says of @key; of memory that is @j's
 * @j: NULL says nothing
 * @group: the member of @j that @key is in; NULL: @j itself
 *
 * Return: "" if there is no such member, or it is no string.
 */
const char *get_text(const json_t *j, const char *group, const char *key);

/** get_number - the same of a whole number; 0 if it is none */
json_int_t get_number(const json_t *j, const char *group, const char *key);

/** get_bool - the same of a boolean; false if it is none */
bool get_bool(const json_t *j, const char *group, const char *key);

/** find_interface - the one of @list with that name, a borrowed reference, or NULL */
json_t *find_interface(const json_t *list, const char *name);

/** value_text - a value as the configuration has it, strings bare; the caller frees it */
char *value_text(const json_t *v);

/**
 * pick_interfaces - those of @all that were named, all where none was
 *
 * Sorted by name, numbers in names as numbers. @ret is a new reference. Return: an exit
 * status; a name that is not there has been told.
 */
int pick_interfaces(struct ctl *c, const json_t *all, json_t **ret);

/** json_sorted - the interfaces of @list, sorted by name; a new reference */
json_t *json_sorted(const json_t *list);

/** json_index - the interfaces of @list by name, a new reference to an object */
json_t *json_index(const json_t *list);

/** config_to_json - the entries of "interfaces" of a configuration's text; NULL: no such text */
json_t *config_to_json(const char *text);

#endif
