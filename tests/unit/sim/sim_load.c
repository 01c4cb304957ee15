// SPDX-License-Identifier: GPL-2.0
/*
 * The workload of sim_load.h.
 *
 * In time order for an operation: worker() chooses it; lock_range() keeps the
 * others from its sectors; expect() notes what they are about to become; the
 * store does it; happened() makes that what they are. After an I/O error
 * nothing has certainly happened, nobody looks any more, and the workers end.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "sim/sim_load.h"

#define PIECES 8
#define DIRTY_LIMIT 55 /* percent in use from which writers write back first */

struct range {
	struct list_head list;
	u32 inode;
	u64 start, end;
};

const char *sim_kind_name(enum sim_kind kind)
{
	return kind == SIM_HOLE ? "hole" : kind == SIM_CLEAN ? "clean" : "dirty";
}

/* ---- the map ------------------------------------------------------------------------ */

static u64 new_stamp(struct sim_load *l, u32 inode, u64 pos)
{
	return (u64)(inode + 1) << 56 | (pos - l->base) << 32 | (u32)++l->stamps;
}

void sim_load_init(struct sim_load *l)
{
	u32 inode;
	u64 pos;

	l->map = kcalloc(l->inodes * l->sectors, sizeof(*l->map), GFP_KERNEL | __GFP_NOFAIL);
	for (inode = 0; inode < l->inodes; inode++)
		for (pos = 0; pos < l->sectors; pos++)
			sim_load_at(l, inode, l->base + pos)->origin =
				(u64)(inode + 1) << 56 | pos << 32;
	l->flushes = l->flushes ? l->flushes : 10;
	l->rare = l->rare ? l->rare : 3;
	INIT_LIST_HEAD(&l->locks);
	init_waitqueue_head(&l->wait);
}

void sim_load_exit(struct sim_load *l)
{
	u64 i;

	for (i = 0; i < (u64)l->inodes * l->sectors; i++)
		kfree(l->map[i].past);
	kfree(l->map);
}

/* What was before the last flush is over. */
static void forget(struct sim_load *l, struct sim_sector *s)
{
	u32 first = 0, i;

	for (i = 0; i < s->nr_past; i++)
		if (s->past[i].since <= l->flushed)
			first = i;
	memmove(s->past, s->past + first, (s->nr_past - first) * sizeof(*s->past));
	s->nr_past -= first;
}

static void add_past(struct sim_sector *s, struct sim_state state)
{
	if (s->nr_past == s->room) {
		s->room = s->room ? 2 * s->room : 4;
		s->past = realloc(s->past, s->room * sizeof(*s->past));
	}
	s->past[s->nr_past++] = state;
}

/* The sector may be this from now on. */
static void expect(struct sim_load *l, u32 inode, u64 pos, enum sim_kind kind, u64 stamp)
{
	struct sim_sector *s = sim_load_at(l, inode, pos);

	if (!l->history)
		return;
	if (!s->nr_past)
		add_past(s, (struct sim_state){ s->stamp, s->kind, 0 });
	forget(l, s);
	add_past(s, (struct sim_state){ stamp, kind, ~0ULL });
}

/* ... and now it is. */
static void happened(struct sim_load *l, u32 inode, u64 pos, enum sim_kind kind, u64 stamp)
{
	struct sim_sector *s = sim_load_at(l, inode, pos);

	s->kind = kind;
	s->stamp = stamp;
	if (l->history)
		s->past[s->nr_past - 1].since = ++l->clock;
}

/* ---- exclusion ------------------------------------------------------------------------ */

static bool is_free(struct sim_load *l, const struct range *r)
{
	struct range *o;

	list_for_each_entry(o, &l->locks, list)
		if (o->inode == r->inode && o->start < r->end && r->start < o->end)
			return false;
	return true;
}

/* An error is the end of this workload unless it may come. */
static int ended(struct sim_load *l, int error)
{
	if ((error == -EIO || error == -ENOSPC) && sim_disk_has_failed(l->store->store.io))
		l->stopped = true;
	else if (error && !(error == -ENOMEM && l->forgiving))
		shim_die(SHIM_PLACE, "unexpected error %d", error);
	return error;
}

/* False: an I/O error has ended the work, nobody knows what is in the range. */
static bool lock_range(struct sim_load *l, struct range *r)
{
	wait_event(l->wait, is_free(l, r));
	if (l->stopped)
		return false;
	list_add(&r->list, &l->locks);
	return true;
}

static void unlock_range(struct sim_load *l, struct range *r, int error)
{
	ended(l, error);
	list_del(&r->list);
	wake_up_all(&l->wait);
}

static struct range random_range(struct sim_load *l, u32 max)
{
	struct range r = { .inode = sim_random_below(l->inodes) };
	u32 n = 1 + sim_random_below(min(max, l->sectors - l->first));

	r.start = l->base + l->first + sim_random_below(l->sectors - l->first - n + 1);
	r.end = r.start + n;
	return r;
}

/* ---- writing ---------------------------------------------------------------------------- */

/* Operations on the pieces of one range that a bucket could take together. */
struct batch {
	struct dmbc_insert op[PIECES];
	u32 nr;
};

/* What failed for want of memory is tried again; parts of it may be done already. */
static int insert(struct sim_load *l, struct batch *b)
{
	struct dmbc_insert *ops[PIECES];
	u32 applied[PIECES] = { 0 }, i, nr;
	int error = 0;

	for (i = 0; i < b->nr; i++)
		b->op[i].error = -ENOMEM;
	do {
		for (i = 0, nr = 0; i < b->nr; i++)
			if (b->op[i].error == -ENOMEM)
				ops[nr++] = &b->op[i];
		if (!nr)
			break;
		error = dmbc_index_insert(l->store->store.index, ops, nr);
		for (i = 0; i < nr; i++)
			applied[ops[i] - b->op] += ops[i]->applied;
	} while (error == -ENOMEM && l->forgiving);
	for (i = 0; i < b->nr; i++)
		b->op[i].applied = applied[i];
	return error;
}

static void unpin_batch(struct sim_load *l, struct batch *b)
{
	u32 i;

	for (i = 0; i < b->nr; i++)
		dmbc_bucket_unpin(&l->store->store.buckets, b->op[i].key.ptr);
}

/* Puts stamps for [*pos, end) on the SSD. 0: no space now. */
static int put_data(struct sim_load *l, const struct range *r, u64 *pos, enum dmbc_alloc_kind kind,
		    const u64 *stamps, struct dmbc_insert *op)
{
	struct sim_store *s = l->store;
	u32 n = dmbc_alloc_sectors(s->store.alloc, kind, r->inode * 64 + sim_random_below(3),
				   r->end - *pos, &op->key.ptr);
	struct dmbc_bucket *b;
	int error;

	if (!n)
		return 0;
	b = dmbc_bucket_at_sector(&s->store.buckets, dmbc_ptr_sector(op->key.ptr));
	if (b->use != DMBC_BUCKET_DATA || !atomic_read(&b->pins))
		shim_die(SHIM_PLACE, "space granted in a bucket of use %u", b->use);
	error = sim_disk_write_stamps(s->store.io, dmbc_ptr_sector(op->key.ptr), n,
				      stamps + (*pos - r->start));
	/* a slow writer: the same */
	if (!sim_random_below(256))
		sim_sleep(sim_random_below(HZ));
	op->key = dmbc_key_make(r->inode, *pos + n, n, kind == DMBC_ALLOC_DIRTY, op->key.ptr);
	*pos += n;
	if (!error)
		return n;
	dmbc_bucket_unpin(&s->store.buckets, op->key.ptr);
	return error;
}

static void expect_range(struct sim_load *l, const struct range *r, enum sim_kind kind,
			 const u64 *stamps)
{
	u64 pos;

	for (pos = r->start; pos < r->end; pos++)
		expect(l, r->inode, pos, kind, stamps ? stamps[pos - r->start] : 0);
}

static void happened_range(struct sim_load *l, const struct range *r, enum sim_kind kind,
			   const u64 *stamps)
{
	u64 pos;

	for (pos = r->start; pos < r->end; pos++)
		happened(l, r->inode, pos, kind, stamps ? stamps[pos - r->start] : 0);
}

/* Around the cache: the origin changes, a hole says so. */
static int bypass(struct sim_load *l, const struct range *r, const u64 *stamps)
{
	struct batch b = { .nr = 1 };
	u64 pos;
	int error;

	b.op[0] = (struct dmbc_insert){
		.key = dmbc_key_make_hole(r->inode, r->end, r->end - r->start),
		.how = DMBC_INSERT_SET,
	};
	expect_range(l, r, SIM_HOLE, NULL);
	error = insert(l, &b);
	if (error)
		return error;
	for (pos = r->start; pos < r->end; pos++)
		sim_load_at(l, r->inode, pos)->origin = stamps[pos - r->start];
	happened_range(l, r, SIM_HOLE, NULL);
	return 0;
}

/* One batch of [*pos, end); what finds no space goes around. */
static int write_some(struct sim_load *l, const struct range *r, u64 *pos, bool dirty,
		      const u64 *stamps)
{
	enum dmbc_alloc_kind kind = dirty ? DMBC_ALLOC_DIRTY : DMBC_ALLOC_CLEAN;
	struct range done = { .inode = r->inode, .start = *pos };
	struct batch b = { 0 };
	int n = 0;

	while (b.nr < PIECES && *pos < r->end) {
		b.op[b.nr] = (struct dmbc_insert){ .how = DMBC_INSERT_SET };
		n = put_data(l, r, pos, kind, stamps, &b.op[b.nr]);
		if (n <= 0)
			break;
		b.nr++;
	}
	done.end = *pos;
	if (n >= 0) {
		expect_range(l, &done, dirty ? SIM_DIRTY : SIM_CLEAN,
			     stamps + (done.start - r->start));
		n = insert(l, &b);
	}
	unpin_batch(l, &b);
	if (n < 0)
		return n;
	happened_range(l, &done, dirty ? SIM_DIRTY : SIM_CLEAN, stamps + (done.start - r->start));
	if (b.nr == PIECES || *pos == r->end)
		return 0;
	done.start = *pos;
	done.end = *pos = r->end;
	return bypass(l, &done, stamps + (done.start - r->start));
}

static int do_write(struct sim_load *l, bool dirty, bool around)
{
	struct range r = random_range(l, l->max_sectors);
	u64 *stamps, pos;
	int error = 0;

	if (!lock_range(l, &r))
		return 0;
	stamps = kcalloc(r.end - r.start, sizeof(*stamps), GFP_KERNEL | __GFP_NOFAIL);
	for (pos = r.start; pos < r.end; pos++)
		stamps[pos - r.start] = new_stamp(l, r.inode, pos);
	if (around)
		error = bypass(l, &r, stamps);
	else
		for (pos = r.start; pos < r.end && !error;)
			error = write_some(l, &r, &pos, dirty, stamps);
	if (!error && !dirty)
		for (pos = r.start; pos < r.end; pos++)
			sim_load_at(l, r.inode, pos)->origin = stamps[pos - r.start];
	unlock_range(l, &r, error);
	kfree(stamps);
	return error;
}

/* ---- filling ---------------------------------------------------------------------------------- */

static bool refuse(struct dmbc_insert *op)
{
	return false;
}

static void check_filled(struct sim_load *l, const struct dmbc_insert *op, bool refused)
{
	u32 least = 0, most = 0;
	u64 pos;

	for (pos = dmbc_key_start(&op->key); pos < dmbc_key_end(&op->key); pos++) {
		enum sim_kind kind = sim_load_at(l, dmbc_key_inode(&op->key), pos)->kind;

		least += kind == SIM_HOLE;
		most += kind != SIM_DIRTY;
	}
	if (refused)
		least = most = 0;
	if (op->applied < least || op->applied > most)
		shim_die(SHIM_PLACE, "fill of %u sectors, %u..%u possible", op->applied, least,
			 most);
}

/* The origin's data, where the cache has nothing: changes holes into clean data. */
static int do_fill(struct sim_load *l)
{
	struct range r = random_range(l, l->max_sectors);
	struct batch b = { .nr = 1 };
	struct dmbc_insert *op = &b.op[0];
	bool refused = !sim_random_below(8);
	u64 pos = r.start, *stamps;
	int n;

	if (!lock_range(l, &r))
		return 0;
	stamps = kcalloc(r.end - r.start, sizeof(*stamps), GFP_KERNEL | __GFP_NOFAIL);
	for (pos = r.start; pos < r.end; pos++)
		stamps[pos - r.start] = sim_load_at(l, r.inode, pos)->origin;
	pos = r.start;
	*op = (struct dmbc_insert){ .how = DMBC_INSERT_FILL, .check = refused ? refuse : NULL };
	n = put_data(l, &r, &pos, DMBC_ALLOC_CLEAN, stamps, op);
	r.end = pos;
	if (n > 0) {
		for (pos = r.start; pos < r.end && !refused; pos++)
			if (sim_load_at(l, r.inode, pos)->kind == SIM_HOLE)
				expect(l, r.inode, pos, SIM_CLEAN, stamps[pos - r.start]);
		n = insert(l, &b);
		unpin_batch(l, &b);
		if (!n)
			check_filled(l, op, refused);
		for (pos = r.start; pos < r.end && !n && !refused; pos++)
			if (sim_load_at(l, r.inode, pos)->kind == SIM_HOLE)
				happened(l, r.inode, pos, SIM_CLEAN, stamps[pos - r.start]);
	}
	unlock_range(l, &r, n);
	kfree(stamps);
	return n;
}

/* ---- writing back, moving ------------------------------------------------------------------------ */

static bool wants_dirty(void *ctx, const struct dmbc_key *k)
{
	return dmbc_key_dirty(k);
}

static bool wants_all(void *ctx, const struct dmbc_key *k)
{
	return !sim_random_below(4);
}

/*
 * Which sectors are still where @k says: the others were overwritten or moved
 * since. Their stamps become 0. Returns how many are left, or an error.
 */
static int still_there(struct sim_load *l, const struct dmbc_key *k, u64 *stamps)
{
	u64 start = dmbc_key_start(k), pos = start;
	struct dmbc_fragment f;
	int error, n = 0;

	while (pos < k->low) {
		bool same = false;

		error = dmbc_index_lookup(l->store->store.index, dmbc_key_inode(k), pos,
					  k->low - pos, true, &f);
		if (error == -ENOMEM && l->forgiving)
			continue;
		if (error)
			return error;
		if (f.kind != DMBC_FRAGMENT_HOLE) {
			same = f.ptr == k->ptr + ((pos - start) << DMBC_PTR_OFFSET_SHIFT) &&
			       dmbc_key_dirty(k) == (f.kind == DMBC_FRAGMENT_DIRTY);
			dmbc_bucket_unpin(&l->store->store.buckets, f.ptr);
		}
		n += same ? f.end - pos : 0;
		for (; pos < f.end; pos++)
			if (!same)
				stamps[pos - start] = 0;
	}
	return n;
}

static void mark_clean(struct sim_load *l, const struct dmbc_key *k, const u64 *stamps, bool done)
{
	u64 start = dmbc_key_start(k), pos;

	for (pos = start; pos < dmbc_key_end(k); pos++) {
		struct sim_sector *s = sim_load_at(l, dmbc_key_inode(k), pos);
		u64 stamp = stamps[pos - start];

		if (!stamp)
			continue;
		if (s->kind != SIM_DIRTY || s->stamp != stamp)
			shim_die(SHIM_PLACE, "%u:%llu: %llx is written back, should be %s %llx",
				 dmbc_key_inode(k), pos, stamp, sim_kind_name(s->kind), s->stamp);
		s->origin = stamp;
		if (done)
			happened(l, dmbc_key_inode(k), pos, SIM_CLEAN, stamp);
		else
			expect(l, dmbc_key_inode(k), pos, SIM_CLEAN, stamp);
	}
}

static int write_back(struct sim_load *l, const struct dmbc_key *k, u64 *stamps)
{
	struct batch b = { .nr = 1 };
	struct dmbc_insert *op = &b.op[0];
	int there = still_there(l, k, stamps), error;

	if (there < 0)
		return there;
	*op = (struct dmbc_insert){ .key = *k, .how = DMBC_INSERT_REPLACE, .old = *k };
	dmbc_key_set_dirty(&op->key, false);
	mark_clean(l, k, stamps, false);
	error = insert(l, &b);
	if (error)
		return error;
	if (op->applied != (u32)there)
		shim_die(SHIM_PLACE, "clean mark of %u sectors, not %d", op->applied, there);
	mark_clean(l, k, stamps, true);
	return 0;
}

static int move(struct sim_load *l, const struct dmbc_key *k, const u64 *stamps)
{
	struct range r = { .inode = dmbc_key_inode(k), .start = dmbc_key_start(k), .end = k->low };
	struct batch b = { .nr = 1 };
	struct dmbc_insert *op = &b.op[0];
	u64 pos = r.start;
	int n;

	*op = (struct dmbc_insert){ .how = DMBC_INSERT_REPLACE, .old = *k };
	n = put_data(l, &r, &pos, DMBC_ALLOC_MOVED, stamps, op);
	if (n <= 0)
		return n;
	dmbc_key_set_dirty(&op->key, dmbc_key_dirty(k));
	n = insert(l, &b);
	unpin_batch(l, &b);
	return n;
}

static int use_key(struct sim_load *l, const struct dmbc_key *k, bool moving)
{
	struct range r = { .inode = dmbc_key_inode(k), .start = dmbc_key_start(k), .end = k->low };
	u64 *stamps;
	int error = 0;

	if (!lock_range(l, &r))
		return 0;
	stamps = kcalloc(dmbc_key_size(k), sizeof(*stamps), GFP_KERNEL | __GFP_NOFAIL);
	if (dmbc_bucket_pin(&l->store->store.buckets, k->ptr)) {
		error = sim_disk_read_stamps(l->store->store.io, dmbc_ptr_sector(k->ptr),
					     dmbc_key_size(k), stamps);
		if (!error)
			error = moving ? move(l, k, stamps) : write_back(l, k, stamps);
		dmbc_bucket_unpin(&l->store->store.buckets, k->ptr);
	}
	unlock_range(l, &r, error);
	kfree(stamps);
	return error;
}

/* Some keys from a random position on: dirty ones become clean, or others are moved. */
static int do_keys(struct sim_load *l, bool moving)
{
	struct dmbc_index_scan scan = {
		.inode = sim_random_below(l->inodes),
		.pos = l->base + sim_random_below(l->sectors),
		.end_inode = DMBC_KEY_MAX_INODE,
		.want = moving ? wants_all : wants_dirty,
	};
	struct dmbc_key keys[16];
	int n, i, error = 0;

	do {
		n = dmbc_index_scan(l->store->store.index, &scan, keys, ARRAY_SIZE(keys));
	} while (!n && !scan.done);
	if (n < 0)
		return n;
	for (i = 0; i < n && !error; i++)
		error = use_key(l, &keys[i], moving);
	if (!moving)
		dmbc_refill_kick(l->store->store.refill);
	return error;
}

/* ---- the rest --------------------------------------------------------------------------------------- */

static int do_invalidate(struct sim_load *l)
{
	struct range r = random_range(l, 16 * l->max_sectors);
	u64 pos;
	int error;

	if (!lock_range(l, &r))
		return 0;
	expect_range(l, &r, SIM_HOLE, NULL);
	do
		error = dmbc_index_invalidate(l->store->store.index, r.inode, r.start, r.end);
	while (error == -ENOMEM && l->forgiving);
	for (pos = r.start; pos < r.end && !error; pos++)
		sim_load_at(l, r.inode, pos)->origin = new_stamp(l, r.inode, pos);
	if (!error)
		happened_range(l, &r, SIM_HOLE, NULL);
	unlock_range(l, &r, error);
	return error;
}

static int do_read(struct sim_load *l)
{
	struct range r = random_range(l, l->max_sectors);
	int error;

	if (!lock_range(l, &r))
		return 0;
	error = sim_load_check_range(l, r.inode, r.start, r.end);
	unlock_range(l, &r, error);
	return error;
}

static int do_flush(struct sim_load *l)
{
	u64 now = l->clock;
	int error = dmbc_journal_flush(l->store->store.journal);

	if (!error && now > l->flushed)
		l->flushed = now;
	return error;
}

/* Another volume, or the same table once more when it is nearly full. */
static int do_uuids(struct sim_load *l)
{
	struct dmbc_uuids *u = l->store->store.uuids;
	static const u8 label[DMBC_SB_LABEL_BYTES] = "volume";
	u8 uuid[16] = { 0x77, l->volumes + 1 };
	int error;

	if (l->writing_uuids)
		return 0;
	l->writing_uuids = true;
	if (l->volumes < dmbc_uuids_slots(u) / 2 && dmbc_uuids_find(u, uuid) < 0)
		dmbc_uuids_add(u, uuid, label, 1);
	error = dmbc_uuids_write(u);
	if (!error && dmbc_uuids_find(u, uuid) >= 0)
		l->volumes++;
	l->writing_uuids = false;
	return error;
}

static int do_rare(struct sim_load *l)
{
	switch (sim_random_below(7)) {
	case 6: return do_uuids(l);
	case 0: sim_store_want_gc(l->store); return 0;
	case 1: return dmbc_nodes_write_all(l->store->store.nodes);
	case 2: sim_shrink(1 + sim_random_below(64)); return 0;
	case 3: sim_sleep(sim_random_below(10 * HZ)); return 0;
	default: return do_invalidate(l);
	}
}

static int do_step(struct sim_load *l)
{
	u32 n = sim_random_below(1000);

	if (n < l->rare)
		return do_rare(l);
	if (n < l->rare + l->flushes)
		return do_flush(l);
	n = sim_random_below(1000);
	if (n < 390)
		return l->no_reads ? do_write(l, true, false) : do_read(l);
	if (n < 440)
		return do_write(l, false, true);
	if (n < 550)
		return do_write(l, false, false);
	if (n < 680)
		return do_fill(l);
	if (n < 700)
		return do_keys(l, true);
	if (n < 720 || dmbc_alloc_in_use_percent(l->store->store.alloc) > DIRTY_LIMIT)
		return do_keys(l, false);
	return do_write(l, true, false);
}

static void worker(void *arg)
{
	struct sim_load *l = arg;

	while (l->todo && !l->stopped) {
		l->todo--;
		l->steps++;
		ended(l, do_step(l));
	}
	l->running--;
	wake_up_all(&l->wait);
}

bool sim_load_run(struct sim_load *l, u64 steps)
{
	u32 i;

	l->todo = steps;
	l->stopped = false;
	l->running = l->workers;
	for (i = 0; i < l->workers; i++)
		sim_spawn(worker, l, "worker");
	wait_event(l->wait, !l->running);
	return !l->stopped;
}
