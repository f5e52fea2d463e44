// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The record is a model like the others, with the values that the daemon
 * found when it first took a setting over, and is written (record-file.c) in
 * the syntax of a configuration, by the same rows. It lives in /run: it goes
 * when the kernel's state goes.
 *
 * What must stay true: an entry is on disk before the kernel is changed, so
 * that a daemon that is killed at any moment finds what it owns.
 */
#include "core/record.h"

#include "core/config.h"

static bool is_setting(const struct row *r)
{
	return !(r->flags & (ROW_STATE | ROW_POLICY | ROW_CREATE | ROW_KEY | ROW_IMPLIED));
}

static void adopt_value(struct record *rec, struct iface *o, const struct feature *f,
			const struct row *r, const struct object *from)
{
	struct object *before = iface_get_object(rec->owned, o, f);

	row_copy(f, r, NULL, before, from);
	if (r->type->before)
		r->type->before(row_value(r, before));
}

static void adopt_row(struct record *rec, struct iface *o, const struct feature *f,
		      const struct row *r, const struct object *have, const struct object *fresh)
{
	/* Of what the daemon itself brings about, the kernel's default is what was before. */
	if (!o->created && row_has(f, r, have) && !(r->flags & ROW_OURS))
		adopt_value(rec, o, f, r, have);
	else if (row_has(f, r, fresh))
		adopt_value(rec, o, f, r, fresh);
	else if (r->initial)
		(void)row_parse_initial(f, r, iface_get_object(rec->owned, o, f));
	else if (row_has(f, r, have)) /* no row says what is usual; this is what it was made with */
		adopt_value(rec, o, f, r, have);
	else
		return;
	rec->changed = true;
}

static void adopt_object(struct record *rec, struct iface *o, const struct feature *f,
			 const struct model *want, const struct model *seen, const struct iface *i)
{
	const struct object *have = iface_object(model_find(seen, i->name), f);
	const struct object *owned = iface_object(o, f);
	bool taken = owned && owned->present;
	struct object *fresh = NULL;

	FOREACH_ROW(f, r) {
		/*
		 * What shows only now, in a group that is ours, is what became of our own setting;
		 * what it began with the row may know.
		 */
		bool shows_now = taken && (r->flags & (ROW_EVENTUAL | ROW_WITHIN));

		if (shows_now && !((r->flags & ROW_WITHIN) && r->initial))
			continue;
		if (!is_setting(r) || !row_has(f, r, i->part[f->id]) ||
		    row_has(f, r, iface_object(o, f)))
			continue;
		if (!fresh && f->initial) {
			fresh = object_new(f, NULL);
			f->initial(want, seen, i, fresh);
		}
		adopt_row(rec, o, f, r, shows_now ? NULL : have, fresh);
	}
	object_free(f, fresh);
}

static struct iface *owned_get(struct record *rec, const char *name)
{
	struct iface *o = model_find(rec->owned, name);

	if (o)
		return o;
	rec->changed = true;
	return model_add(rec->owned, name);
}

/*
 * Nothing of what it was before: another interface, maybe another kind. But one of the same
 * kind, made anew on another, takes the MTU from there; it shall have its own: adopt_own().
 */
static void forget_former(struct record *rec, struct iface *o, const struct iface *i)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *mtu = row_find(root, "mtu");
	const struct object *before = iface_object(o, root);
	struct object *kept = NULL;

	if (row_has(root, mtu, before) && iface_lower(i) && !strcmp(iface_kind(o), iface_kind(i))) {
		kept = object_new(root, NULL);
		row_copy(root, mtu, NULL, kept, before);
	}
	for (unsigned n = 0; n < n_features; n++)
		iface_drop(rec->owned, o, features[n]);
	if (kept)
		row_copy(root, mtu, NULL, iface_get_object(rec->owned, o, root), kept);
	object_free(root, kept);
	rec->changed = true;
}

static void adopt_iface(struct record *rec, const struct model *want, const struct model *have,
			const struct iface *i)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct iface *there;
	struct iface *o;

	if (i->fate != FATE_KEEP && i->fate != FATE_CREATE && i->fate != FATE_RECREATE)
		return;
	o = owned_get(rec, i->name);
	if (i->fate != FATE_KEEP) {
		forget_former(rec, o, i);
		/*
		 * A daemon that is killed before the step, or whose step fails, owns the old one.
		 */
		there = model_find(have, i->name);
		o->former = i->fate != FATE_RECREATE ? 0 : there ? there->ifindex : o->ifindex;
		o->created = true;
		o->ifindex = i->ifindex;
		row_copy(root, row_find(root, "kind"), NULL, iface_get_object(rec->owned, o, root),
			 i->part[FEATURE_LINK]);
	}
	for (unsigned n = 0; n < n_features; n++)
		if (features[n]->form != FORM_LIST && i->part[n])
			adopt_object(rec, o, features[n], want, have, i);
}

static struct object *copy_entry(const struct feature *f, const struct object *from)
{
	struct object *o = object_new(f, NULL);

	f = object_feature(f, from);
	FOREACH_ROW(f, r)
		if (row_has(f, r, from))
			row_copy(f, r, NULL, o, from);
	return o;
}

/* Does the kernel still have what the daemon had set, where one can see that it should not? */
static bool is_unreset(const struct feature *list, const struct row *r,
		       const struct object *before, const struct object *have)
{
	const struct feature *f = object_feature(list, before);

	return row_has(f, r, before) && row_has(f, r, have) && r->initial &&
	       !entry_row_is_initial(list, r, have);
}

/* What was named before and no longer is: to be known until it has been put back. */
static void keep_unreset(const struct feature *f, struct object *entry,
			 const struct object *before, const struct object *have)
{
	const struct feature *v = object_feature(f, entry);

	if (v != object_feature(f, before) || (have && v != object_feature(f, have)))
		return;
	FOREACH_ROW(v, r)
		if (!row_has(v, r, entry) && is_unreset(f, r, before, have))
			row_copy(v, r, NULL, entry, before);
}

/*
 * Where the kernel marks what is ours there is no need to write it down, and many of
 * them would be a lot: then the record has what others had made, and we replaced or removed.
 */
static void adopt_entry(struct record *rec, const struct step *s)
{
	const struct feature *f = s->feature;
	const struct object *entry = s->to;
	struct object *mine, *before;
	struct list *l;

	if (f->is_ours)
		entry = s->from && !f->is_ours(s->from) ? s->from : NULL;
	else if (s->verb != VERB_ADD && s->verb != VERB_REPLACE)
		entry = NULL;
	if (!entry || f->form != FORM_LIST)
		return;
	l = iface_get_list(rec->owned, owned_get(rec, s->name), f);
	before = list_find(f, l, entry);
	if (before && f->is_ours)
		return;
	mine = copy_entry(f, entry);
	if (before) {
		keep_unreset(f, mine, before, s->from);
		list_remove(f, l, mine);
	}
	list_add(f, l, mine);
	rec->changed = true;
}

/* What a step sets and resets is to be reset also if it never comes to that. */
static void adopt_passing(struct record *rec, const struct step *s)
{
	const struct feature *f;
	const struct row *r = s->feature->passing ? s->feature->passing(s, &f) : NULL;
	struct iface *o = r ? owned_get(rec, s->name) : NULL;

	if (r && !row_has(f, r, iface_object(o, f)))
		adopt_row(rec, o, f, r, iface_object(s->have, f), NULL);
}

static struct iface *at_index(const struct model *have, const struct ifref *ref)
{
	return ref->index ? model_find_index(have, ref->index) : NULL;
}

static void mark(struct iface *i, bool *more)
{
	if (!i || i->mark)
		return;
	i->mark = true;
	*more = true;
}

/* A step that changes an MTU, or of which interfaces a bridge takes its own. */
static void mark_step(const struct model *have, const struct step *s, bool *more)
{
	const struct feature *root = features[FEATURE_LINK];
	uint64_t rows =
		row_bit(root, row_find(root, "mtu")) | row_bit(root, row_find(root, "master"));
	const struct link *to = (const struct link *)s->to;

	if (s->feature != root || (s->verb != VERB_DELETE && !(s->mask & rows)))
		return;
	mark(s->have, more);
	if (s->verb == VERB_SET)
		mark(at_index(have, &to->master), more);
}

/* Return: there is more to mark. */
static bool mark_others(const struct model *have)
{
	bool more = false;

	MODEL_FOREACH(have, i) {
		const struct link *l = iface_link(i);
		const struct ifref *lower = iface_lower(i);
		const struct iface *below = lower ? at_index(have, lower) : NULL;

		if (below && below->mark)
			mark(i, &more);
		if (i->mark && l)
			mark(at_index(have, &l->master), &more);
	}
	return more;
}

/* Of a row of the link's that nobody configures: what it is now, before it is changed along. */
static void adopt_now(struct record *rec, const struct model *want, const struct iface *i,
		      const char *key)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *r = row_find(root, key);
	const struct iface *wanted = model_find(want, i->name);
	const struct iface *o = model_find(rec->owned, i->name);

	if (row_has(root, r, iface_object(wanted, root)) ||
	    row_has(root, r, iface_object(o, root)) || (wanted && wanted->fate == FATE_RECREATE))
		return;
	row_copy(root, r, NULL, iface_get_object(rec->owned, owned_get(rec, i->name), root),
		 i->part[FEATURE_LINK]);
	rec->changed = true;
}

/* Is it made in this plan on @lower, or on what is made on it? */
static bool is_made_on(const struct model *want, const struct iface *i, const struct iface *lower)
{
	for (unsigned depth = 0; i && depth < 8; depth++) {
		const struct ifref *ref = iface_lower(i);

		if (!ref || (i->fate != FATE_CREATE && i->fate != FATE_RECREATE))
			return false;
		if (ref->index == lower->ifindex)
			return true;
		i = model_find(want, ref->name);
	}
	return false;
}

/*
 * Where it did not follow the one below (vlan_device_event() raises none), what is deleted has an
 * MTU that it would not get when it is made anew, by this plan or by its undoing.
 */
static void adopt_own(struct record *rec, const struct model *want, const struct model *have,
		      const struct step *s)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *mtu = row_find(root, "mtu");
	const struct ifref *lower = s->verb == VERB_DELETE ? iface_lower(s->have) : NULL;
	const struct link *below = lower ? iface_link(at_index(have, lower)) : NULL;
	struct iface *o = below ? model_find(rec->owned, s->name) : NULL;

	if (!o || below->mtu == iface_link(s->have)->mtu ||
	    row_has(root, mtu, iface_object(o, root)) ||
	    row_has(root, mtu, iface_object(model_find(want, s->name), root)))
		return;
	row_copy(root, mtu, NULL, iface_get_object(rec->owned, o, root),
		 s->have->part[FEATURE_LINK]);
	rec->changed = true;
}

/*
 * What is made takes the MTU that is below it at that time (vlan_newlink()), before this plan
 * raises it: it shall have the one that it would have a plan later.
 */
static void adopt_raised(struct record *rec, const struct model *want, const struct step *s)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *mtu = row_find(root, "mtu");

	if (s->feature != root || s->verb != VERB_SET || !(s->mask & row_bit(root, mtu)) ||
	    !s->have || iface_link(s->have)->mtu >= *(uint32_t *)row_value(mtu, s->to))
		return;
	MODEL_FOREACH(want, i)
		if (is_made_on(want, i, s->have) && !row_has(root, mtu, iface_object(i, root)) &&
		    !row_has(root, mtu, iface_object(model_find(rec->owned, i->name), root))) {
			row_copy(root, mtu, NULL,
				 iface_get_object(rec->owned, owned_get(rec, i->name), root),
				 s->to);
			rec->changed = true;
		}
}

static bool has_ports(const struct model *have, const struct iface *master)
{
	MODEL_FOREACH(have, i)
		if (iface_link(i) && iface_link(i)->master.index == master->ifindex)
			return true;
	return false;
}

/*
 * With its first port a bridge takes that one's Ethernet address, and has none when it leaves
 * again (br_stp_recalculate_bridge_id()).
 */
static void adopt_address(struct record *rec, const struct model *want, const struct model *have,
			  const struct step *s)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *master = row_find(root, "master"), *address = row_find(root, "address");
	struct iface *bridge;

	if (s->feature != root || s->verb != VERB_SET || !(s->mask & row_bit(root, master)))
		return;
	bridge = at_index(have, row_value(master, s->to));
	if (bridge && row_has(root, address, iface_object(bridge, root)) &&
	    !row_is_zero(address, iface_object(bridge, root)) && !has_ports(have, bridge))
		adopt_now(rec, want, bridge, "address");
}

/*
 * The kernel lowers the MTU of what stands on an interface along with its own, but does not
 * raise it again (vlan_device_event()); a bridge's is that of its ports (br_mtu_auto_adjust()).
 */
static void adopt_along(struct record *rec, const struct model *want, const struct model *have,
			const struct plan *plan)
{
	bool more = false;

	MODEL_FOREACH(have, i)
		i->mark = false;
	for (unsigned n = 0; n < plan->n; n++)
		mark_step(have, &plan->steps[n], &more);
	while (more)
		more = mark_others(have);
	MODEL_FOREACH(have, i)
		if (i->mark && iface_lower(i))
			adopt_now(rec, want, i, "mtu");
	for (unsigned n = 0; n < plan->n; n++)
		adopt_own(rec, want, have, &plan->steps[n]);
	for (unsigned n = 0; n < plan->n; n++) {
		adopt_raised(rec, want, &plan->steps[n]);
		adopt_address(rec, want, have, &plan->steps[n]);
	}
}

void record_adopt(struct record *rec, const struct model *want, const struct model *have,
		  const struct plan *plan)
{
	MODEL_FOREACH(want, i)
		if (i->planned)
			adopt_iface(rec, want, have, i);
	adopt_along(rec, want, have, plan);
	for (unsigned n = 0; n < plan->n; n++) {
		adopt_entry(rec, &plan->steps[n]);
		adopt_passing(rec, &plan->steps[n]);
	}
}

/* Return: something is left. */
static bool settle_object(struct record *rec, struct object *before, const struct feature *f,
			  const struct object *want, const struct object *have)
{
	FOREACH_ROW(f, r) {
		if (!row_has(f, r, before) || row_has(f, r, want))
			continue;
		if (row_has(f, r, have) && !row_equal(r, before, have))
			continue; /* still to be put back */
		if (r->type->done)
			r->type->done(row_value(r, before));
		before->present &= ~row_bit(f, r);
		rec->changed = true;
	}
	return before->present;
}

static void settle_entry(struct record *rec, const struct feature *f, struct object *entry,
			 const struct object *want, const struct object *have)
{
	const struct feature *v = object_feature(f, entry);

	if (!have || v != object_feature(f, want) || v != object_feature(f, have))
		return;
	FOREACH_ROW(v, r) {
		if (!row_has(v, r, entry) || row_has(v, r, want) || (r->flags & ROW_KEY) ||
		    is_unreset(f, r, entry, have))
			continue;
		if (r->type->done)
			r->type->done(row_value(r, entry));
		entry->present &= ~row_bit(v, r);
		rec->changed = true;
	}
}

/* It was to become another kind, and did not: what is there is ours as it was. */
static struct object *settle_kind(struct record *rec, struct list *before, const struct feature *f,
				  struct object *entry, const struct object *want,
				  const struct object *have)
{
	const struct feature *kind = object_feature(f, want);
	struct object *mine;

	if (!have || object_feature(f, entry) == kind || object_feature(f, have) != kind)
		return entry;
	mine = copy_entry(f, want);
	list_remove(f, before, entry);
	list_add(f, before, mine);
	rec->changed = true;
	return mine;
}

static bool settle_list(struct record *rec, struct list *before, const struct feature *f,
			const struct list *want, const struct list *have)
{
	for (unsigned n = before->n; n > 0; n--) {
		struct object *entry = before->items[n - 1];
		const struct object *now = list_find(f, have, entry);
		const struct object *wanted = list_find(f, want, entry);

		if (wanted && !f->is_ours)
			settle_entry(rec, f, settle_kind(rec, before, f, entry, wanted, now),
				     wanted, now);
		if (wanted || (f->is_ours ? rec->waits || (now && f->is_ours(now)) : !!now))
			continue; /* ours, or still to be put back */
		list_remove(f, before, entry);
		rec->changed = true;
	}
	return before->n;
}

/* Return: something is left to remember. */
static bool settle_iface(struct record *rec, struct iface *o, const struct iface *want,
			 const struct iface *have)
{
	bool left = o->created;

	/* What is gone, or another device under the same name, was never ours. */
	if (!have || (o->created && !iface_owns(o, have->ifindex)))
		return false;
	if (o->former) {
		o->ifindex = have->ifindex;
		o->former = 0;
		rec->changed = true;
	}
	for (unsigned n = 0; n < n_features; n++) {
		const struct feature *f = features[n];

		if (o->lent & BIT64(n))
			left = true;
		if (!o->part[n] || o->lent & BIT64(n))
			continue;
		left |= f->form == FORM_LIST ?
				settle_list(rec, o->part[n], f, iface_list(want, f),
					    iface_list(have, f)) :
				settle_object(rec, o->part[n], f, iface_object(want, f),
					      iface_object(have, f));
	}
	return left;
}

/* A bridge that has got its ports is theirs: what it was without them was for an undoing only. */
static void forget_address(struct record *rec, struct iface *o, const struct iface *want,
			   const struct iface *now, const struct model *have)
{
	const struct feature *root = features[FEATURE_LINK];
	const struct row *address = row_find(root, "address");
	struct object *before = iface_object(o, root);

	if (!row_has(root, address, before) || row_has(root, address, iface_object(want, root)) ||
	    !now || !has_ports(have, now))
		return;
	before->present &= ~row_bit(root, address);
	rec->changed = true;
}

void record_settle(struct record *rec, const struct model *want, const struct model *have)
{
	MODEL_FOREACH(rec->owned, o) {
		const struct iface *now = model_find(have, o->name);

		forget_address(rec, o, model_find(want, o->name), now, have);
		if (!now && o->created) /* renamed by another hand, maybe */
			now = model_find_index(have, o->ifindex);
		if (settle_iface(rec, o, model_find(want, o->name), now))
			continue;
		if (model_find(want, o->name) && now && !o->created)
			continue; /* configured, nothing to put back: kept, it costs nothing */
		model_remove(rec->owned, o);
		rec->changed = true;
	}
}

int record_lend(struct record *rec, const struct iface *want, const struct iface *have,
		const struct feature *f)
{
	const struct object *now = iface_object(have, f);
	struct iface *o = owned_get(rec, have->name);

	if (o->lent & BIT64(f->id))
		return -EBUSY;
	o->lent |= BIT64(f->id);
	/* Of what is configured, the configuration says how it shall be. */
	if (want && iface_object(want, f))
		return 0;
	FOREACH_ROW(f, r) {
		if (!is_setting(r) || !row_has(f, r, now) || row_has(f, r, iface_object(o, f)))
			continue;
		row_copy(f, r, NULL, iface_get_object(rec->owned, o, f), now);
		rec->changed = true;
	}
	return 0;
}

void record_return(struct record *rec, const char *name, const struct feature *f)
{
	struct iface *o = model_find(rec->owned, name);

	if (o)
		o->lent &= ~BIT64(f->id);
}
