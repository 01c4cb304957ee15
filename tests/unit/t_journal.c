// SPDX-License-Identifier: GPL-2.0
/*
 * The journal over the simulated disk, with a model in place of the index:
 * every key is its own number, "nodes" remember which numbers are on the medium.
 *
 * After each power cut: no entry is missing, what was flushed is there, the keys
 * found are consecutive and in order, and those before them are all in nodes.
 */
#include "lib_fixture.h"

#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "shim.h"
#include "sim/sim_disk.h"
#include "store/blockio.h"
#include "store/journal.h"

#define NODES 6
#define MAX_KEYS 400000U
#define MAX_ADD 40
#define ADDERS 3

/* ---- the world ----------------------------------------------------------------- */

struct node {
	struct mutex lock; /* one append at a time */
	__u64 pin; /* of the keys not appended yet; 0: none */
	__u32 *open; /* their numbers */
	__u32 nr, room;
};

static struct world {
	struct dmbc_geometry g;
	struct dmbc_blockio *io;
	struct sim_image *image; /* while no power is on; NULL: an empty disk */
	struct workqueue_struct *wq;
	struct dmbc_journal *j;
	struct mutex index_lock, meta_lock;
	struct node node[NODES];
	bool appended[MAX_KEYS]; /* durable in its node */
	__u32 added, flushed; /* keys; numbers below `flushed` must survive */
	__u64 prio, prio_durable; /* stand for everything that an entry names */
	bool lazy; /* reclaim does nothing */
	bool slow; /* it takes its time */
	__u32 replay_commits; /* the journal has room for a few */
	__u32 batch; /* most keys added at once */
	__u32 flush_one_in; /* flushes of a fiber per batch */
	__u32 running; /* adders */
	wait_queue_head_t idle; /* none is */
	__u32 stop_at; /* keys */
	int errors_told;
} w;

static __u64 node_sector(__u32 node)
{
	return dmbc_geometry_sector(&w.g, dmbc_geometry_first_free(&w.g) + node);
}

static void world_new(__u32 njournal, __u32 bucket_sectors, __u32 block_sectors)
{
	memset(&w, 0, sizeof(w));
	w.g = fixture_geometry();
	w.g.njournal = njournal;
	w.g.bucket_sectors = bucket_sectors;
	w.g.bucket_shift = __builtin_ctz(bucket_sectors);
	w.g.block_sectors = block_sectors;
	w.g.meta_sectors = w.g.node_sectors = bucket_sectors;
	w.g.nbuckets = 1 << 20;
	w.prio = 100;
	w.replay_commits = 3;
	w.batch = 5;
	w.flush_one_in = 3;
}

/* ---- nodes --------------------------------------------------------------------- */

static void node_take(__u32 node, __u64 seq, __u32 number)
{
	struct node *n = &w.node[node];

	if (!n->pin) {
		dmbc_journal_pin(w.j, seq);
		n->pin = seq;
	}
	if (n->nr == n->room) {
		n->room = 2 * n->room + 16;
		n->open = realloc(n->open, n->room * sizeof(*n->open));
	}
	n->open[n->nr++] = number;
}

/* One append: what was open is durable, then the pin goes. */
static void node_append_locked(__u32 node)
{
	static char block[8 * DMBC_SECTOR_BYTES] __attribute__((aligned(4096)));
	struct node *n = &w.node[node];
	__u32 *open = n->open, nr = n->nr, i;
	__u64 pin = n->pin;
	int r;

	n->open = NULL;
	n->nr = n->room = 0;
	n->pin = 0;
	r = dmbc_blockio_write(w.io, node_sector(node), w.g.block_sectors, block,
			       DMBC_IO_PREFLUSH | DMBC_IO_FUA);
	for (i = 0; !r && i < nr; i++)
		w.appended[open[i]] = true;
	free(open);
	if (!r)
		dmbc_journal_unpin(w.j, pin);
	else
		dmbc_journal_set_failed(w.j, r);
}

static void reclaim(void *ctx, __u64 seq)
{
	__u32 i;

	(void)ctx;
	if (w.lazy)
		return;
	if (w.slow && sim_random_below(3) == 0)
		return; /* could not, this time */
	if (w.slow)
		sim_sleep(sim_random_below(100));
	for (i = 0; i < NODES; i++) {
		mutex_lock(&w.node[i].lock);
		if (w.node[i].pin && w.node[i].pin <= seq)
			node_append_locked(i);
		mutex_unlock(&w.node[i].lock);
	}
}

static void told_error(void *ctx, int error)
{
	(void)ctx;
	assert_int_not_equal(error, 0);
	w.errors_told++;
}

/* ---- keys ------------------------------------------------------------------------ */

static struct dmbc_key numbered_key(__u32 number)
{
	__u64 ptr = dmbc_ptr_make(node_sector(0) + 8, number);

	if (number % 7 == 3) /* holes are shorter */
		return dmbc_key_make_hole(number % NODES, number + 1, 1);
	return dmbc_key_make(number % NODES, number + 1, 1, number & 1, ptr);
}

static __u32 number_of(const struct dmbc_key *k)
{
	struct dmbc_key expected = numbered_key(k->low - 1);

	assert_memory_equal(k, &expected, sizeof(*k));
	return k->low - 1;
}

static int flush_keys(void)
{
	__u32 added = w.added;
	int r = dmbc_journal_flush(w.j);

	if (!r && added > w.flushed)
		w.flushed = added;
	return r;
}

static int commit_meta(void)
{
	__u64 prio;
	int r;

	mutex_lock(&w.meta_lock);
	prio = ++w.prio;
	dmbc_journal_set_prios(w.j, prio);
	r = dmbc_journal_commit(w.j);
	if (!r)
		w.prio_durable = prio;
	mutex_unlock(&w.meta_lock);
	return r;
}

/* 0 with the index lock held, or the journal's error. */
static int lock_with_room(__u32 nr)
{
	int r;

	mutex_lock(&w.index_lock);
	while (!dmbc_journal_room(w.j, nr)) {
		mutex_unlock(&w.index_lock);
		r = dmbc_journal_wait_room(w.j, nr);
		if (r)
			return r;
		mutex_lock(&w.index_lock);
	}
	return 0;
}

/* As the index does it. 0, or the journal's error. */
static int add_keys(__u32 nr)
{
	struct dmbc_key keys[MAX_ADD];
	__u64 seq;
	__u32 i;
	int r;

	r = lock_with_room(nr);
	if (r)
		return r;
	/* an insert that has room may have to wait for a bucket, and so for other entries */
	for (i = w.lazy || sim_random_below(10) ? 0 : sim_random_below(12); i; i--) {
		r = commit_meta();
		if (r) {
			mutex_unlock(&w.index_lock);
			return r;
		}
	}
	for (i = 0; i < nr; i++)
		keys[i] = numbered_key(w.added + i);
	seq = dmbc_journal_add_pinned(w.j, keys, nr);
	sim_yield();
	for (i = 0; i < nr; i++, w.added++)
		node_take(w.added % NODES, seq, w.added);
	dmbc_journal_unpin(w.j, seq);
	mutex_unlock(&w.index_lock);
	return 0;
}

/* ---- start and end of the journal -------------------------------------------------- */

static void power_on(void)
{
	if (!w.io)
		w.io = w.image ? sim_disk_reopen(w.image) : sim_disk_create(node_sector(NODES));
	w.image = NULL;
}

static void open_journal(void)
{
	__u32 i;

	power_on();
	w.wq = alloc_workqueue("test", WQ_MEM_RECLAIM, 0);
	w.j = dmbc_journal_create(w.io, &w.g, w.wq);
	assert_false(IS_ERR(w.j));
	mutex_init(&w.index_lock);
	mutex_init(&w.meta_lock);
	init_waitqueue_head(&w.idle);
	for (i = 0; i < NODES; i++)
		mutex_init(&w.node[i].lock);
	dmbc_journal_on_reclaim(w.j, reclaim, NULL);
	dmbc_journal_on_error(w.j, told_error, NULL);
	w.errors_told = 0;
}

static void close_journal(void)
{
	__u32 i;

	dmbc_journal_stop(w.j);
	dmbc_journal_destroy(w.j);
	destroy_workqueue(w.wq);
	for (i = 0; i < NODES; i++) {
		free(w.node[i].open);
		memset(&w.node[i], 0, sizeof(w.node[i]));
	}
}

static void close_world(void)
{
	close_journal();
	dmbc_blockio_destroy(w.io);
	w.io = NULL;
}

static void power_cycle(void)
{
	sim_disk_cut_now(w.io);
	close_journal();
	w.image = sim_disk_crash_image(w.io, sim_random_below(4));
	dmbc_blockio_destroy(w.io);
	w.io = NULL;
}

static void start_new(void)
{
	struct dmbc_key root =
		dmbc_key_make(DMBC_KEY_MAX_INODE, DMBC_KEY_MAX_OFFSET, w.g.node_sectors, false,
			      dmbc_ptr_make(node_sector(0), 1));
	struct dmbc_key uuids =
		dmbc_key_make(0, 0, w.g.meta_sectors, false, dmbc_ptr_make(node_sector(1), 1));

	open_journal();
	dmbc_journal_start_new(w.j);
	dmbc_journal_set_root(w.j, &root, 1);
	dmbc_journal_set_uuids(w.j, &uuids);
	dmbc_journal_set_prios(w.j, w.prio);
	if (!dmbc_journal_commit(w.j))
		w.prio_durable = w.prio;
}

struct found_keys {
	bool any;
	__u32 first, next;
	__u64 seq;
};

static int check_found_keys(void *ctx, __u64 seq, const struct dmbc_key *keys, __u32 nr)
{
	struct found_keys *f = ctx;
	__u32 i;

	assert_true(seq > f->seq);
	f->seq = seq;
	if (!f->any)
		f->first = f->next = number_of(&keys[0]);
	f->any = true;
	for (i = 0; i < nr; i++)
		assert_int_equal(number_of(&keys[i]), f->next++);
	return 0;
}

static int replay_keys(void *ctx, __u64 seq, const struct dmbc_key *keys, __u32 nr)
{
	__u32 i;
	int r = 0;

	(void)ctx;
	for (i = 0; i < nr; i++)
		node_take(dmbc_key_inode(&keys[i]), seq, number_of(&keys[i]));
	if (sim_random_below(2))
		dmbc_journal_replayed(w.j, seq);
	if (w.replay_commits && sim_random_below(20) == 0) {
		w.replay_commits--;
		r = commit_meta(); /* a new node needed a bucket */
	}
	return r;
}

/* Reads the journal after a cut or a stop and compares with what must be there. */
static void check_journal(struct dmbc_journal_found *found)
{
	struct found_keys f = { 0 };
	struct dmbc_why why = { "" };
	__u32 i;

	check_ok(dmbc_journal_read(w.j, found, &why), &why);
	assert_int_equal(dmbc_journal_each(w.j, check_found_keys, &f), 0);
	assert_true(found->prio_bucket >= w.prio_durable && found->prio_bucket <= w.prio);
	assert_int_equal(found->keys, f.next - f.first);
	assert_true(dmbc_key_is_max(&found->root));
	assert_int_equal(found->root_level, 1);
	assert_false(found->uuids_old);
	if (f.any) {
		assert_true(f.next >= w.flushed && f.next <= w.added);
		w.added = f.next;
		for (i = 0; i < f.first; i++)
			assert_true(w.appended[i]);
	} else {
		for (i = 0; i < w.flushed; i++)
			assert_true(w.appended[i]);
		w.added = w.flushed; /* those behind are of nobody: their numbers are free */
	}
	for (i = w.added; i < MAX_KEYS && w.appended[i]; i++)
		w.appended[i] = false;
	w.flushed = w.added;
	w.prio = w.prio_durable = found->prio_bucket;
}

/* 0, or the error of a power cut in the replay. */
static int reopen(void)
{
	struct dmbc_journal_found found;
	int r;

	open_journal();
	check_journal(&found);
	dmbc_journal_start_replay(w.j);
	r = dmbc_journal_each(w.j, replay_keys, NULL);
	if (r)
		return r;
	dmbc_journal_replay_done(w.j);
	w.replay_commits = 3;
	return 0;
}

/* ---- load ---------------------------------------------------------------------------- */

static void adder(void *arg)
{
	int r = 0;

	(void)arg;
	while (!r && w.added < w.stop_at) {
		r = add_keys(1 + sim_random_below(w.batch));
		if (!r && sim_random_below(w.flush_one_in) == 0)
			r = flush_keys();
		if (!r && sim_random_below(20) == 0)
			r = commit_meta();
		if (!r && sim_random_below(30) == 0)
			reclaim(NULL, sim_random());
		if (sim_random_below(50) == 0)
			sim_sleep(sim_random_below(60));
	}
	if (!--w.running)
		wake_up(&w.idle);
}

/* Adds keys from several fibers until there are @keys, or the power goes. */
static void run_load(__u32 keys)
{
	__u32 i;

	w.stop_at = keys;
	w.running = ADDERS;
	for (i = 0; i < ADDERS; i++)
		sim_spawn(adder, NULL, "adder");
	wait_event(w.idle, !w.running);
}

/* ---- tests ----------------------------------------------------------------------------- */

static void round_trip(void *arg)
{
	struct dmbc_journal_stats s;
	__u32 i;

	(void)arg;
	start_new();
	for (i = 1; i < 20; i++) {
		run_load(i * 200);
		assert_int_equal(flush_keys(), 0);
		assert_int_equal(w.flushed, w.added);
		if (i & 1)
			reclaim(NULL, ~0ULL);
		power_cycle();
		assert_int_equal(reopen(), 0);
		dmbc_journal_get_stats(w.j, &s);
		assert_true(s.last_seq <= s.seq);
	}
	close_world();
}

/* A clean stop with all nodes written leaves nothing to replay. */
static void clean_stop(void *arg)
{
	struct dmbc_journal_found found;

	(void)arg;
	start_new();
	run_load(500);
	assert_int_equal(flush_keys(), 0);
	reclaim(NULL, ~0ULL);
	close_journal();
	open_journal();
	check_journal(&found);
	assert_int_equal(found.keys, 0);
	dmbc_journal_start_replay(w.j);
	dmbc_journal_replay_done(w.j);
	close_journal();
	open_journal();
	check_journal(&found); /* and a start without a change writes nothing */
	assert_int_equal(found.newest, found.last_seq);
	close_world();
}

static void wrap(void *arg)
{
	struct dmbc_journal_stats s;
	__u32 keys = *(__u32 *)arg;

	start_new();
	run_load(keys);
	assert_true(w.added >= keys);
	dmbc_journal_get_stats(w.j, &s);
	assert_true(s.reclaims > 0);
	power_cycle();
	assert_int_equal(reopen(), 0);
	close_world();
}

/* Power cut in the n-th write, for every n up to the end; now and then in the replay as well. */
static void cut_everywhere(void *arg)
{
	__u64 n = *(__u64 *)arg;
	int again = 3;

	start_new();
	run_load(50); /* not from nothing: the set exists */
	sim_disk_cut_after(w.io, n);
	run_load(2000);
	power_cycle();
	while (again-- > 0) {
		power_on();
		sim_disk_cut_after(w.io, 1 + sim_random_below(12));
		if (!reopen())
			run_load(w.added + 100);
		power_cycle();
	}
	assert_int_equal(reopen(), 0);
	run_load(w.added + 200);
	close_world();
}

static void failed_write(void *arg)
{
	(void)arg;
	start_new();
	run_load(100);
	w.lazy = true; /* no writes of nodes */
	sim_disk_fail_write(w.io, 5);
	run_load(MAX_KEYS - MAX_ADD);
	assert_true(w.added < MAX_KEYS / 2);
	assert_int_equal(flush_keys(), -EIO);
	assert_int_equal(commit_meta(), -EIO);
	assert_int_equal(dmbc_journal_wait_room(w.j, 1), -EIO);
	assert_false(dmbc_journal_room(w.j, 1));
	sim_sleep(10);
	assert_int_equal(w.errors_told, 1);
	power_cycle();
	assert_int_equal(reopen(), 0);
	close_world();
}

static void fill_up(void)
{
	__u32 i;

	w.lazy = true;
	while (dmbc_journal_room(w.j, 1)) {
		assert_int_equal(add_keys(1), 0);
		assert_int_equal(flush_keys(), 0);
	}
	for (i = 0; i < 4; i++) /* the refill needs entries even now */
		assert_int_equal(commit_meta(), 0);
}

/* Crash with a full journal, and again and again before the replay is through. */
static void full_restart(void *arg)
{
	struct dmbc_journal_found found;
	int i;

	(void)arg;
	start_new();
	for (i = 0; i < 30; i++)
		run_load((i + 1) * 37);
	fill_up();
	power_cycle();
	for (i = 0; i < 3; i++) {
		open_journal();
		check_journal(&found);
		assert_true(found.keys > 0);
		dmbc_journal_start_replay(w.j);
		assert_false(dmbc_journal_room(w.j, 1));
		assert_int_equal(commit_meta(), 0);
		power_cycle();
	}
	w.lazy = false;
	assert_int_equal(reopen(), 0);
	run_load(w.added + 300);
	close_world();
}

static void committer(void *arg)
{
	(void)arg;
	while (!commit_meta())
		continue;
	w.running--;
}

/*
 * Whatever is committed before the crash, some entries are left for the replay.
 * Those that only its own pins hold up end with an error, not in a wait.
 */
static void replay_without_room(void *arg)
{
	struct dmbc_journal_found found;
	int done = -1, r = 0;

	(void)arg;
	start_new();
	fill_up();
	w.running = 1;
	sim_spawn(committer, NULL, "committer");
	sim_sleep(1000);
	assert_int_equal(w.running, 1); /* held up */
	dmbc_journal_set_failed(w.j, -EIO);
	sim_sleep(10);
	assert_int_equal(w.running, 0);
	power_cycle();
	open_journal();
	check_journal(&found);
	dmbc_journal_start_replay(w.j);
	for (; !r && done < 1000; done++)
		r = commit_meta();
	assert_int_equal(r, -ENOSPC);
	assert_true(done >= 7); /* of 32 blocks a bucket, 8 are kept */
	power_cycle();
	w.lazy = false;
	open_journal(); /* what is there can still be read */
	check_journal(&found);
	close_world();
}

/* ---- waiters --------------------------------------------------------------------------- */

static int calls;

static void count_call(struct dmbc_journal_waiter *waiter, int error)
{
	(void)waiter;
	assert_int_equal(error, 0);
	calls++;
}

static void waiters(void *arg)
{
	struct dmbc_journal_waiter a = { .fn = count_call }, b = a, c = a;
	struct dmbc_journal_stats before, after;

	(void)arg;
	start_new();
	calls = 0;
	dmbc_journal_flush_async(w.j, &a);
	assert_int_equal(calls, 1); /* nothing to wait for */
	assert_int_equal(add_keys(1), 0);
	dmbc_journal_get_stats(w.j, &before);
	dmbc_journal_flush_async(w.j, &a);
	dmbc_journal_flush_with(w.j, &b, DMBC_FLUSH_ANYCTX);
	dmbc_journal_flush_with(w.j, &c, DMBC_FLUSH_ANYCTX | DMBC_FLUSH_DIRECT);
	assert_int_equal(dmbc_journal_flush(w.j), 0);
	sim_sleep(20);
	assert_int_equal(calls, 4);
	dmbc_journal_get_stats(w.j, &after);
	assert_int_equal(after.writes, before.writes + 1); /* they shared it */
	/* by itself after the delay */
	dmbc_journal_set_delay(w.j, 50);
	assert_int_equal(add_keys(2), 0);
	dmbc_journal_get_stats(w.j, &before);
	sim_sleep(1000);
	dmbc_journal_get_stats(w.j, &after);
	assert_int_equal(after.writes, before.writes + 1);
	assert_int_equal(after.flushed_seq, before.seq);
	reclaim(NULL, ~0ULL);
	close_world();
}

/* ---- damaged and foreign contents --------------------------------------------------------- */

static void put_entry(__u32 bucket, __u32 block, __u64 seq, __u64 last_seq, bool rooted)
{
	char buf[DMBC_SECTOR_BYTES] = { 0 };
	struct dmbc_disk_jset *set = (void *)buf;
	struct dmbc_key key = numbered_key(seq);

	fixture_jset(&w.g, set, &key, 1);
	set->seq = __cpu_to_le64(seq);
	set->last_seq = __cpu_to_le64(last_seq);
	if (!rooted)
		memset(&set->btree_root, 0, sizeof(set->btree_root));
	fixture_seal_jset(set);
	sim_image_write(w.image,
			dmbc_geometry_sector(&w.g, w.g.first_bucket + bucket) +
				block * w.g.block_sectors,
			buf);
}

static int read_only(struct dmbc_journal_found *found, struct dmbc_why *why)
{
	struct sim_image *image = sim_image_copy(w.image);
	int r;

	open_journal();
	r = dmbc_journal_read(w.j, found, why);
	close_world();
	w.image = image;
	return r;
}

static void contents(void *arg)
{
	struct dmbc_journal_found found;
	struct dmbc_why why;

	(void)arg;
	w.io = sim_disk_create(node_sector(NODES));
	w.image = sim_disk_image(w.io);
	dmbc_blockio_destroy(w.io);
	w.io = NULL;
	assert_int_equal(read_only(&found, &why), -EINVAL);
	assert_non_null(strstr(why.text, "no journal entry"));
	/* the first ones of a set know no root yet */
	put_entry(0, 0, 1, 1, false);
	assert_int_equal(read_only(&found, &why), -EINVAL);
	put_entry(0, 1, 2, 2, true);
	assert_int_equal(read_only(&found, &why), 0);
	assert_int_equal(found.newest, 2);
	/* but a needed one must know it */
	put_entry(0, 2, 3, 1, true);
	assert_int_equal(read_only(&found, &why), -EINVAL);
	put_entry(0, 2, 3, 2, true);
	assert_int_equal(read_only(&found, &why), 0);
	assert_int_equal(found.keys, 2);
	/* a gap */
	put_entry(1, 0, 5, 3, true);
	assert_int_equal(read_only(&found, &why), -EINVAL);
	assert_string_equal(why.text, "journal entry 4 is missing (needed 3..5)");
	/* of mainline's, the oldest buckets may have been discarded, but no part of one */
	put_entry(1, 0, 5, 1, true);
	assert_int_equal(read_only(&found, &why), -EINVAL);
	w.g.discards = true;
	assert_int_equal(read_only(&found, &why), -EINVAL); /* 1 to 3 are there, 4 is not */
	put_entry(1, 0, 5, 4, true);
	assert_int_equal(read_only(&found, &why), 0);
	assert_int_equal(found.last_seq, 5);
	assert_int_equal(found.keys, 1);
	put_entry(1, 0, 2, 1, true);
	put_entry(1, 1, 5, 4, true);
	assert_int_equal(read_only(&found, &why), -EINVAL);
	w.g.discards = false;
	put_entry(1, 0, 5, 4, true);
	assert_int_equal(read_only(&found, &why), -EINVAL);
	put_entry(1, 0, 4, 3, true);
	put_entry(1, 1, 5, 4, true);
	/* older entries behind newer ones, and another set's */
	put_entry(1, 2, 2, 1, true);
	w.g.set_magic ^= 1;
	put_entry(2, 0, 99, 98, true);
	w.g.set_magic ^= 1;
	assert_int_equal(read_only(&found, &why), 0);
	assert_int_equal(found.newest, 5);
	assert_int_equal(found.last_seq, 4);
	assert_int_equal(found.keys, 2);
	sim_image_free(w.image);
}

/* ---- cmocka --------------------------------------------------------------------------------- */

static void test_round_trip(void **state)
{
	__u32 seed;

	(void)state;
	for (seed = 0; seed < 10; seed++) {
		world_new(seed % 2 ? 8 : 3, seed % 3 ? 64 : 128, seed % 4 == 3 ? 8 : 1);
		sim_run(round_trip, NULL, seed);
	}
}

static void test_clean_stop(void **state)
{
	(void)state;
	world_new(4, 64, 1);
	sim_run(clean_stop, NULL, 1);
}

static void test_wrap(void **state)
{
	__u32 keys = 60000, njournal;

	(void)state;
	for (njournal = 2; njournal <= 4; njournal++) {
		world_new(njournal, 16, 1);
		sim_run(wrap, &keys, njournal);
		world_new(njournal, 32, 1);
		w.batch = MAX_ADD;
		w.flush_one_in = 20;
		w.slow = true;
		sim_run(wrap, &keys, njournal);
		world_new(njournal, 32, 8); /* 4 blocks */
		sim_run(wrap, &keys, njournal);
	}
}

static void test_cut_everywhere(void **state)
{
	__u64 n;

	(void)state;
	for (n = 1; n <= 600; n++) {
		world_new(2 + n % 3, 16 << n % 2, 1);
		w.batch = n % 5 ? 5 : MAX_ADD;
		w.flush_one_in = n % 7 ? 3 : 20;
		w.slow = n % 4 == 0;
		sim_run(cut_everywhere, &n, n);
	}
}

static void test_failed_write(void **state)
{
	__u64 seed;

	(void)state;
	for (seed = 0; seed < 20; seed++) {
		world_new(8, 128, 1);
		sim_run(failed_write, NULL, seed);
	}
}

static void test_full_restart(void **state)
{
	__u64 seed;

	(void)state;
	for (seed = 0; seed < 20; seed++) {
		world_new(2 + seed % 4, seed % 2 ? 32 : 64, 1);
		sim_run(full_restart, NULL, seed);
	}
}

static void test_replay_without_room(void **state)
{
	(void)state;
	world_new(2, 32, 1);
	sim_run(replay_without_room, NULL, 1);
}

static void test_waiters(void **state)
{
	__u64 seed;

	(void)state;
	for (seed = 0; seed < 10; seed++) {
		world_new(4, 64, 1);
		sim_run(waiters, NULL, seed);
	}
}

static void test_contents(void **state)
{
	(void)state;
	world_new(4, 64, 1);
	sim_run(contents, NULL, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_waiters),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_clean_stop),
		cmocka_unit_test(test_failed_write),
		cmocka_unit_test(test_full_restart),
		cmocka_unit_test(test_replay_without_room),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_cut_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
