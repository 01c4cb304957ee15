// SPDX-License-Identifier: GPL-2.0
/*
 * The start of the journal: an empty one, or what a crash or a stop has left.
 *
 * In time order:
 *   dmbc_journal_read() walks every bucket from its start up to the first place
 *     that holds no entry, or a torn one, behind which nothing newer may be
 *     (look_behind()); keeps the keys of entries that may be needed, at most one
 *     ring of DMBC_JOURNAL_PINS, and drops them as soon as a newer entry says that
 *     they are not; checks that none is missing;
 *   dmbc_journal_each() hands the keys out, as often as the caller likes;
 *   dmbc_journal_start_replay() pins what was found and opens the next entry;
 *   dmbc_journal_replayed(), dmbc_journal_replay_done() take the pins back.
 *
 * Nothing is journalled again during the replay, so a journal that was full at
 * the crash can be replayed; the few entries without keys that new nodes need
 * have the room that entries with keys had to leave.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "lib/checksum.h"
#include "lib/port.h"
#include "lib/verify.h"
#include "store/blockio.h"
#include "store/journal_internal.h"

#define WINDOW_BYTES 262144U /* read at once; more than any entry */
#define WIPE_BLOCKS 64U /* more than are written before the super block says that a set is there */

struct scan {
	struct dmbc_journal *j;
	struct dmbc_why *why;
	__u64 needed_from; /* largest last_seq so far: older entries are dropped */
	struct dmbc_disk_jset newest; /* its header; seq 0: none */
	__u64 from; /* the first that is needed */
	__u64 odd_seq; /* newest entry with a good checksum that still makes no sense */
	struct dmbc_why odd;
	__u64 hidden_seq; /* newest behind a damaged entry of its bucket */

	void *window;
	__u32 bucket; /* that the window shows */
	__u32 start, end; /* bytes of it */
};

/* ---- entries in memory ------------------------------------------------------------ */

static struct dmbc_journal_replay **slot(struct dmbc_journal *j, __u64 seq)
{
	return &j->found[seq & DMBC_JOURNAL_PIN_MASK];
}

static void drop(struct dmbc_journal_replay **r)
{
	kvfree(*r);
	*r = NULL;
}

void dmbc_journal_forget_found(struct dmbc_journal *j)
{
	__u32 i;

	if (!j->found)
		return;
	for (i = 0; i < DMBC_JOURNAL_PINS; i++)
		drop(&j->found[i]);
	kvfree(j->found);
	j->found = NULL;
}

/* Entries from @s->needed_from on are needed: older ones go. */
static void drop_older(struct scan *s, __u64 from)
{
	struct dmbc_journal_replay **r;
	__u64 seq = s->needed_from;

	if (from - seq > DMBC_JOURNAL_PINS)
		seq = from - DMBC_JOURNAL_PINS;
	for (; seq < from; seq++) {
		r = slot(s->j, seq);
		if (*r && (*r)->seq < from)
			drop(r);
	}
	s->needed_from = from;
}

static int keep_entry(struct scan *s, const struct dmbc_disk_jset *set, bool begins_bucket)
{
	__u64 seq = __le64_to_cpu(set->seq);
	__u32 words = __le32_to_cpu(set->keys), at = 0;
	struct dmbc_journal_replay **place = slot(s->j, seq), *r;

	if (seq < s->needed_from || (*place && (*place)->seq >= seq))
		return 0;
	drop(place);
	/* a key has two words at least; the verifier has seen that they parse */
	r = kvmalloc(struct_size(r, keys, words / DMBC_KEY_WORDS_HOLE), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	r->seq = seq;
	r->nr = 0;
	r->begins_bucket = begins_bucket;
	while (at < words)
		at += dmbc_verify_unpack_key(&set->d[at], words - at, &r->keys[r->nr++]);
	*place = r;
	return 0;
}

/* ---- walking the buckets ------------------------------------------------------------- */

/* What lies at byte @at of a bucket: *@bytes readable, a whole entry at least if there is one. */
static int look_at(struct scan *s, __u32 bucket, __u32 at, const void **buf, __u32 *bytes)
{
	struct dmbc_journal *j = s->j;
	const __u32 size = j->bucket_blocks * j->block_bytes;
	const __u32 need = min_t(__u32, size - at, DMBC_JSET_MAX_BYTES);
	__u64 sector;
	int r;

	if (s->bucket != bucket || at < s->start || at + need > s->end) {
		s->bucket = bucket;
		s->start = at;
		s->end = at + min(size - at, WINDOW_BYTES);
		sector = dmbc_geometry_sector(j->g, j->g->first_bucket + bucket) +
			 at / DMBC_SECTOR_BYTES;
		r = dmbc_blockio_read(j->io, sector, (s->end - at) / DMBC_SECTOR_BYTES, s->window);
		if (r) {
			dmbc_explain(s->why, "journal bucket %u of %u cannot be read", bucket,
				     j->g->njournal);
			return r;
		}
	}
	*buf = (const char *)s->window + (at - s->start);
	*bytes = s->end - at;
	return 0;
}

/* Bytes of an entry the verifier refuses although its checksum is good; 0: it is just torn. */
static __u32 sealed_bytes(const struct dmbc_journal *j, const struct dmbc_disk_jset *set,
			  __u32 bytes)
{
	__u64 used = sizeof(*set) + 8ULL * __le32_to_cpu(set->keys);

	if (used > bytes || used > DMBC_JSET_MAX_BYTES)
		return 0;
	if (__le64_to_cpu(set->csum) != dmbc_checksum((const char *)set + 8, used - 8))
		return 0;
	return min_t(__u64, bytes, round_up(used, j->block_bytes));
}

/*
 * Entries of a set's first moments name no root yet; they do not matter once a
 * later one is there. So what is odd is only noted.
 */
static __u32 note_odd(struct scan *s, const struct dmbc_disk_jset *set, __u32 bytes, int r,
		      const struct dmbc_why *why)
{
	__u64 seq = __le64_to_cpu(set->seq);
	__u32 used;

	if (r == -ENOENT || r == -EILSEQ)
		return 0;
	used = sealed_bytes(s->j, set, bytes);
	if (used && seq > s->odd_seq) {
		s->odd_seq = seq;
		s->odd = *why;
	}
	return used;
}

static int note_entry(struct scan *s, const struct dmbc_disk_jset *set, __u32 bucket, __u32 at,
		      __u32 used)
{
	struct dmbc_journal *j = s->j;
	__u64 seq = __le64_to_cpu(set->seq);

	if (seq > j->bucket_seq[bucket])
		j->bucket_seq[bucket] = seq;
	if (seq > __le64_to_cpu(s->newest.seq)) {
		memcpy(&s->newest, set, sizeof(s->newest));
		j->found_end.bucket = bucket;
		j->found_end.block = (at + used) / j->block_bytes;
		if (__le64_to_cpu(set->last_seq) > s->needed_from)
			drop_older(s, __le64_to_cpu(set->last_seq));
	}
	return keep_entry(s, set, !at);
}

/*
 * Behind the place in a bucket where the walk stopped at byte @at. There is one
 * write at a time: a power cut leaves nothing newer behind a torn entry.
 */
static int look_behind(struct scan *s, __u32 bucket, __u32 at)
{
	struct dmbc_journal *j = s->j;
	const __u32 size = j->bucket_blocks * j->block_bytes;
	const void *buf;
	__u32 bytes, used;
	int r;

	for (at += j->block_bytes; at < size; at += j->block_bytes) {
		const struct dmbc_disk_jset *set;

		r = look_at(s, bucket, at, &buf, &bytes);
		if (r)
			return r;
		set = buf;
		if (__le64_to_cpu(set->seq) > s->hidden_seq &&
		    !dmbc_verify_jset(j->g, set, bytes, &used, NULL))
			s->hidden_seq = __le64_to_cpu(set->seq);
	}
	return 0;
}

static int scan_bucket(struct scan *s, __u32 bucket)
{
	struct dmbc_journal *j = s->j;
	const __u32 size = j->bucket_blocks * j->block_bytes;
	const struct dmbc_disk_jset *set;
	struct dmbc_why why;
	const void *buf;
	__u32 at = 0, bytes, used;
	int r;

	while (at < size) {
		r = look_at(s, bucket, at, &buf, &bytes);
		if (r)
			return r;
		set = buf;
		r = dmbc_verify_jset(j->g, set, bytes, &used, &why);
		if (r)
			used = note_odd(s, set, bytes, r, &why);
		else
			r = note_entry(s, set, bucket, at, used);
		if (r == -ENOMEM)
			return r;
		if (!used)
			return look_behind(s, bucket, at);
		at += used;
	}
	cond_resched();
	return 0;
}

/* ---- what it means ------------------------------------------------------------------- */

static bool is_there(const struct scan *s, __u64 seq)
{
	const struct dmbc_journal_replay *r = *slot(s->j, seq);

	return r && r->seq == seq;
}

/*
 * Mainline discards a journal bucket as soon as nobody needs it, and says so in the
 * next entry; when there was none any more the newest one names too old a last_seq.
 * Whole buckets have gone then, from the oldest on.
 */
static __u64 first_needed(const struct scan *s)
{
	const __u64 newest = __le64_to_cpu(s->newest.seq);
	const __u64 last_seq = __le64_to_cpu(s->newest.last_seq);
	__u64 seq = last_seq;

	if (!s->j->g->discards)
		return last_seq;
	while (seq < newest && !is_there(s, seq))
		seq++;
	return is_there(s, seq) && (*slot(s->j, seq))->begins_bucket ? seq : last_seq;
}

static int check_found(struct scan *s)
{
	const __u64 newest = __le64_to_cpu(s->newest.seq);
	const __u64 from = __le64_to_cpu(s->newest.last_seq);
	__u64 seq;

	if (s->odd_seq && s->odd_seq >= from) {
		dmbc_explain(s->why, "journal entry %llu: %.80s", s->odd_seq, s->odd.text);
		return -EINVAL;
	}
	if (!newest) {
		dmbc_explain(s->why, "no journal entry found in %u buckets", s->j->g->njournal);
		return -EINVAL;
	}
	if (s->hidden_seq > newest) {
		dmbc_explain(s->why,
			     "damaged, see dmbcache repair: entries up to %llu lie behind it",
			     s->hidden_seq);
		return -EINVAL;
	}
	if (newest - from >= DMBC_JOURNAL_PINS / 4 * 3) {
		dmbc_explain(s->why, "journal needs %llu entries, more than %u", newest - from + 1,
			     DMBC_JOURNAL_PINS / 4 * 3);
		return -EINVAL;
	}
	s->from = first_needed(s);
	for (seq = s->from; seq <= newest; seq++) {
		if (!is_there(s, seq)) {
			dmbc_explain(s->why, "journal entry %llu is missing (needed %llu..%llu)",
				     seq, from, newest);
			return -EINVAL;
		}
	}
	return 0;
}

/* The next entry names what the newest one did, until somebody sets it anew. */
static void adopt(const struct scan *s)
{
	struct dmbc_journal *j = s->j;

	j->root = s->newest.btree_root;
	j->root_level = __le16_to_cpu(s->newest.btree_level);
	j->uuids = s->newest.uuid_bucket;
	j->uuids_old = __le32_to_cpu(s->newest.version) == DMBC_JSET_VERSION_UUID64;
	j->prio_bucket = __le64_to_cpu(s->newest.prio_bucket[0]);
	j->found_from = s->from;
	j->found_to = __le64_to_cpu(s->newest.seq);
}

static void tell(struct dmbc_journal *j, struct dmbc_journal_found *found)
{
	__u64 seq;

	found->newest = j->found_to;
	found->last_seq = j->found_from;
	dmbc_verify_unpack_key(j->root.word, DMBC_KEY_PADDED_WORDS, &found->root);
	found->root_level = j->root_level;
	dmbc_verify_unpack_key(j->uuids.word, DMBC_KEY_PADDED_WORDS, &found->uuid_bucket);
	found->uuids_old = j->uuids_old;
	found->prio_bucket = j->prio_bucket;
	found->keys = 0;
	for (seq = j->found_from; seq <= j->found_to; seq++)
		found->keys += (*slot(j, seq))->nr;
}

static int scan_all(struct scan *s)
{
	__u32 b;
	int r;

	for (b = 0; b < s->j->g->njournal; b++) {
		r = scan_bucket(s, b);
		if (r)
			return r;
	}
	return check_found(s);
}

int dmbc_journal_read(struct dmbc_journal *j, struct dmbc_journal_found *found,
		      struct dmbc_why *why)
{
	struct scan *s = kzalloc(sizeof(*s), GFP_KERNEL);
	int r = -ENOMEM;

	if (!s)
		return r;
	s->j = j;
	s->why = why;
	s->window = vmalloc(min(j->bucket_blocks * j->block_bytes, WINDOW_BYTES));
	j->found = kvcalloc(DMBC_JOURNAL_PINS, sizeof(*j->found), GFP_KERNEL);
	if (s->window && j->found)
		r = scan_all(s);
	if (r == -ENOMEM)
		dmbc_explain(why, "not enough memory to read the journal");
	if (!r) {
		adopt(s);
		tell(j, found);
	} else {
		dmbc_journal_forget_found(j);
	}
	vfree(s->window);
	kfree(s);
	return r;
}

__u64 dmbc_journal_found_from(const struct dmbc_journal *j)
{
	return j->found_from;
}

int dmbc_journal_each(struct dmbc_journal *j,
		      int (*fn)(void *ctx, __u64 seq, const struct dmbc_key *keys, __u32 nr),
		      void *ctx)
{
	struct dmbc_journal_replay *e;
	__u64 seq;
	int r;

	for (seq = j->found_from; j->found && seq <= j->found_to; seq++) {
		e = *slot(j, seq);
		if (!e->nr)
			continue;
		r = fn(ctx, seq, e->keys, e->nr);
		if (r)
			return r;
	}
	return 0;
}

/* ---- start ------------------------------------------------------------------------------ */

static void start_locked(struct dmbc_journal *j, __u64 last_seq, __u64 newest)
{
	j->last_seq = last_seq;
	j->closed_last_seq = last_seq;
	j->durable_last_seq = last_seq;
	j->flushed_seq = newest;
	j->want_seq = newest;
	dmbc_journal_count_free_locked(j);
	dmbc_journal_open_locked(j, newest + 1);
	j->started = true;
}

/*
 * As mainline does, the bucket that was written last is left alone; unless the
 * journal is so full that its rest is needed. This is clean: nothing newer lies
 * there, and a walk comes to our entries before it can come to old remains.
 */
static void leave_bucket_locked(struct dmbc_journal *j)
{
	struct dmbc_journal_spot *s = &j->at;

	if (!s->free || s->free * j->bucket_blocks < j->reserve_blocks)
		return;
	s->bucket = (s->bucket + 1) % j->g->njournal;
	s->block = 0;
	s->free--;
}

void dmbc_journal_start_replay(struct dmbc_journal *j)
{
	__u64 seq;

	spin_lock_irq(&j->lock);
	for (seq = j->found_from; seq <= j->found_to; seq++) {
		j->pins[seq & DMBC_JOURNAL_PIN_MASK] = 1;
		if ((*slot(j, seq))->nr)
			j->keyed_seq = seq;
	}
	j->replay_from = j->found_from;
	j->replay_to = j->found_to;
	j->at = j->found_end;
	start_locked(j, j->found_from, j->found_to);
	leave_bucket_locked(j);
	spin_unlock_irq(&j->lock);
}

void dmbc_journal_replayed(struct dmbc_journal *j, __u64 seq)
{
	spin_lock_irq(&j->lock);
	seq = min(seq, j->replay_to);
	while (j->replay_from <= seq)
		dmbc_journal_unpin_locked(j, j->replay_from++);
	spin_unlock_irq(&j->lock);
}

bool dmbc_journal_replaying(const struct dmbc_journal *j)
{
	return READ_ONCE(j->replay_from) <= READ_ONCE(j->replay_to);
}

void dmbc_journal_replay_done(struct dmbc_journal *j)
{
	dmbc_journal_replayed(j, U64_MAX);
	dmbc_journal_forget_found(j);
}

/* Zeroes @blocks at the start of a journal bucket. */
static int wipe_blocks(struct dmbc_journal *j, __u32 bucket, __u32 blocks)
{
	const struct dmbc_geometry *g = j->g;
	const void *zeroes = j->entry[0].set; /* not used yet */
	__u64 sector = dmbc_geometry_sector(g, g->first_bucket + bucket);
	__u32 at, nr;
	int r = 0;

	for (at = 0; !r && at < blocks; at += nr) {
		nr = min(blocks - at, j->max_blocks);
		r = dmbc_blockio_write(j->io, sector + at * g->block_sectors, nr * g->block_sectors,
				       zeroes, 0);
	}
	return r;
}

/*
 * An attempt to format that did not come to its super block may have left a few
 * entries of this very set, which would seem newer than ours: they lie at the
 * start of the ring. Further on, no bucket may begin with an entry.
 */
static int wipe(struct dmbc_journal *j)
{
	__u32 left = WIPE_BLOCKS, nr, b;
	int r = 0;

	for (b = 0; !r && b < j->g->njournal; b++) {
		nr = clamp(left, 1U, j->bucket_blocks);
		r = wipe_blocks(j, b, nr);
		left -= min(left, nr);
	}
	return r ? r : dmbc_blockio_flush(j->io);
}

void dmbc_journal_start_new(struct dmbc_journal *j)
{
	int r = wipe(j);

	spin_lock_irq(&j->lock);
	memset(j->bucket_seq, 0, j->g->njournal * sizeof(*j->bucket_seq));
	j->replay_from = 1; /* none: to is 0 */
	start_locked(j, 1, 0);
	if (r)
		dmbc_journal_fail_locked(j, -EIO);
	spin_unlock_irq(&j->lock);
}
