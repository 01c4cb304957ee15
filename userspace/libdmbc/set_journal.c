// SPDX-License-Identifier: GPL-2.0
/*
 * The journal, as a start would read it: every bucket from its beginning up to
 * the first place that holds no entry. In time order: scan_bucket() for each of
 * them, which keeps entries that may be needed; judge() looks whether one is
 * missing; adopt() takes roots from the newest and lays out the keys.
 */
#include "set.h"

#include "bitfix.h"
#include "finding_internal.h"
#include "internal.h"

#include "lib/checksum.h"
#include "lib/verify.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_BYTES (1U << 20)
#define MOST_ENTRIES (32768 / 4 * 3) /* that the module replays (store/journal.h) */
#define GAPS_NAMED 10

struct entry {
	__u64 seq;
	bool begins_bucket;
	struct dmbc_keys keys;
};

struct scan {
	struct dmbc_set *set;
	struct dmbc_findings *fs;
	char *window;
	__u32 start, end; /* of the bucket, bytes: what the window shows */
	__u64 needed_from;
	struct entry *entry;
	size_t nr, room;
	__u64 torn_seq, odd_seq; /* the newest of each; 0: none */
	__u64 hidden_seq; /* newest behind a torn one of its bucket */
	struct dmbc_place torn_at, odd_at, hidden_at;
	struct dmbc_why odd;
	bool no_memory;
	struct dmbc_disk_jset newest; /* header only; seq 0: none; last, as it has no end */
};

/* ---- entries ------------------------------------------------------------------- */

static void drop_older(struct scan *s, __u64 seq)
{
	size_t i, kept = 0;

	s->needed_from = seq;
	for (i = 0; i < s->nr; i++) {
		if (s->entry[i].seq >= seq)
			s->entry[kept++] = s->entry[i];
		else
			dmbc_keys_free(&s->entry[i].keys);
	}
	s->nr = kept;
}

static bool make_room(struct scan *s)
{
	size_t room = s->room ? 2 * s->room : 256;
	struct entry *more;

	if (s->nr < s->room)
		return true;
	more = realloc(s->entry, room * sizeof(*more));
	if (!more)
		return false;
	s->entry = more;
	s->room = room;
	return true;
}

static bool keep(struct scan *s, const struct dmbc_disk_jset *j, bool begins_bucket)
{
	__u32 words = __le32_to_cpu(j->keys), at = 0;
	struct entry *e;
	struct dmbc_key k;

	if (__le64_to_cpu(j->seq) < s->needed_from)
		return true;
	if (!make_room(s))
		return false;
	e = &s->entry[s->nr++];
	memset(e, 0, sizeof(*e));
	e->seq = __le64_to_cpu(j->seq);
	e->begins_bucket = begins_bucket;
	while (at < words) {
		at += dmbc_verify_unpack_key(&j->d[at], words - at, &k);
		if (!dmbc_keys_add(&e->keys, &k))
			return false;
	}
	return true;
}

static void note_entry(struct scan *s, const struct dmbc_disk_jset *j, __u32 bucket, __u32 at)
{
	__u64 last = __le64_to_cpu(j->last_seq);

	s->set->entries++;
	if (__le64_to_cpu(j->seq) > __le64_to_cpu(s->newest.seq)) {
		memcpy(&s->newest, j, sizeof(s->newest));
		s->set->newest_bucket = bucket;
		if (last > s->needed_from)
			drop_older(s, last);
	}
	if (!keep(s, j, !at))
		s->no_memory = true;
}

/* ---- buckets ---------------------------------------------------------------------- */

/* Has at least one whole entry at @at in the window. */
static int show(struct scan *s, __u32 bucket, __u32 size, __u32 at)
{
	__u32 need = size - at < DMBC_JSET_MAX_BYTES ? size - at : DMBC_JSET_MAX_BYTES;
	__u64 sector = dmbc_geometry_sector(&s->set->g, s->set->g.first_bucket + bucket);

	if (at >= s->start && at + need <= s->end)
		return 0;
	s->start = at & ~4095U;
	s->end = size - s->start < WINDOW_BYTES ? size : s->start + WINDOW_BYTES;
	return dmbc_device_read(s->set->dev, sector + s->start / DMBC_SECTOR_BYTES,
				(s->end - s->start) / DMBC_SECTOR_BYTES, s->window);
}

/* Bytes of an entry whose checksum is right although its content makes no sense; else 0. */
static __u32 sealed_bytes(const struct scan *s, const struct dmbc_disk_jset *j, __u32 bytes)
{
	__u32 block = s->set->g.block_sectors * DMBC_SECTOR_BYTES;
	__u64 used = sizeof(*j) + 8ULL * __le32_to_cpu(j->keys);

	if (used > bytes || used > DMBC_JSET_MAX_BYTES ||
	    __le64_to_cpu(j->csum) != dmbc_checksum((const char *)j + 8, used - 8))
		return 0;
	used = (used + block - 1) / block * block;
	return used < bytes ? (__u32)used : bytes;
}

/* What is no good entry: the end of the bucket, a torn write, or an odd one to pass over. */
static __u32 note_bad(struct scan *s, const struct dmbc_disk_jset *j, __u32 bytes,
		      const struct dmbc_why *why, struct dmbc_place place)
{
	__u32 used = sealed_bytes(s, j, bytes);
	__u64 seq = __le64_to_cpu(j->seq);

	if (used && seq > s->odd_seq) {
		s->odd_seq = seq;
		s->odd = *why;
		s->odd_at = place;
	}
	if (!used && seq > s->torn_seq) {
		s->torn_seq = seq;
		s->torn_at = place;
	}
	return used;
}

/* The verifier has seen that its size is possible. */
static bool fix_entry(struct scan *s, void *entry, struct dmbc_place place)
{
	const struct dmbc_disk_jset *j = entry;
	size_t bytes = sizeof(*j) + 8ULL * __le32_to_cpu(j->keys);

	if (!s->set->rescue || !dmbc_bitfix_run(entry, bytes, ~0ULL))
		return false;
	dmbc_finding_add(s->fs, DMBC_FINDING_BIT_FIXED, NULL, place, "journal entry %llu",
			 __le64_to_cpu(j->seq));
	return true;
}

/*
 * Behind a bad entry nobody reads on. Entries of the last round are older than it;
 * newer ones were written after it, which cannot have been incomplete then.
 */
static void look_behind(struct scan *s, __u32 bucket, __u32 size, __u32 at)
{
	const __u32 block = s->set->g.block_sectors * DMBC_SECTOR_BYTES;
	const struct dmbc_disk_jset *j = (const void *)(s->window + (at - s->start));
	__u64 bad = __le64_to_cpu(j->seq);
	struct dmbc_place place = dmbc_finding_place("journal bucket %u, byte %u", bucket, at);
	__u32 used;

	for (at += block; at < size && !show(s, bucket, size, at); at += block) {
		j = (const void *)(s->window + (at - s->start));
		if (s->end - at < sizeof(*j) ||
		    __le64_to_cpu(j->magic) != (s->set->g.set_magic ^ DMBC_JSET_MAGIC) ||
		    __le64_to_cpu(j->seq) <= bad || __le64_to_cpu(j->seq) <= s->hidden_seq ||
		    !sealed_bytes(s, j, s->end - at))
			continue;
		s->hidden_seq = __le64_to_cpu(j->seq);
		s->hidden_at = place;
		if (s->set->rescue && !dmbc_verify_jset(&s->set->g, j, s->end - at, &used, NULL))
			note_entry(s, j, bucket, at);
	}
}

static void scan_bucket(struct scan *s, __u32 bucket)
{
	const struct dmbc_geometry *g = &s->set->g;
	/* no format limit, but no entry lies behind 4 GiB */
	__u64 whole = (__u64)g->bucket_sectors * DMBC_SECTOR_BYTES;
	__u32 size = whole < 1U << 31 ? (__u32)whole : 1U << 31, at = 0, used;
	const struct dmbc_disk_jset *j;
	struct dmbc_place place;
	struct dmbc_why why;
	int r;

	for (s->start = s->end = 0; at < size; at += used) {
		place = dmbc_finding_place("journal bucket %u, byte %u", bucket, at);
		r = show(s, bucket, size, at);
		if (r) {
			dmbc_finding_add(s->fs, DMBC_FINDING_JOURNAL_READ, NULL, place, "%s",
					 strerror(r));
			return;
		}
		j = (const void *)(s->window + (at - s->start));
		r = dmbc_verify_jset(g, j, s->end - at, &used, &why);
		if (r == -EILSEQ && fix_entry(s, s->window + (at - s->start), place))
			r = dmbc_verify_jset(g, j, s->end - at, &used, &why);
		if (r == -ENOENT)
			return;
		if (r)
			used = note_bad(s, j, s->end - at, &why, place);
		else
			note_entry(s, j, bucket, at);
		if (!used)
			look_behind(s, bucket, size, at);
		if (!used || s->no_memory)
			return;
	}
}

/* ---- what it comes to ----------------------------------------------------------------- */

static int by_seq(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Of mainline's, the oldest buckets may be discarded before an entry says that they are not needed. */
static bool discarded(const struct scan *s, size_t next)
{
	return s->set->g.discards && !next && s->nr && s->entry[0].begins_bucket;
}

static void find_gaps(struct scan *s, __u64 from, __u64 to)
{
	__u64 expected = from;
	unsigned int named = 0;
	size_t i;

	for (i = 0; i <= s->nr; i++) {
		__u64 seq = i < s->nr ? s->entry[i].seq : to + 1;

		if (seq > expected && !discarded(s, i) && named++ < GAPS_NAMED)
			dmbc_finding_add(s->fs, DMBC_FINDING_JOURNAL_GAP, NULL,
					 dmbc_finding_place("journal entry %llu", expected),
					 "%llu entries are missing; %llu to %llu are needed",
					 seq - expected, from, to);
		expected = seq >= expected ? seq + 1 : expected;
	}
}

static void judge(struct scan *s)
{
	__u64 newest = __le64_to_cpu(s->newest.seq), from = __le64_to_cpu(s->newest.last_seq);

	if (s->odd_seq && s->odd_seq >= from)
		dmbc_finding_add(s->fs, DMBC_FINDING_JOURNAL_ODD, NULL, s->odd_at, "entry %llu: %s",
				 s->odd_seq, s->odd.text);
	if (!newest) {
		dmbc_finding_add(s->fs, DMBC_FINDING_JOURNAL_NONE, NULL,
				 dmbc_finding_place("journal"), "no entry in its %u buckets",
				 s->set->g.njournal);
		return;
	}
	if (s->hidden_seq > newest)
		dmbc_finding_add(s->fs, DMBC_FINDING_JOURNAL_HIDDEN, NULL, s->hidden_at,
				 "the entry is damaged; entries up to %llu lie behind it",
				 s->hidden_seq);
	else if (s->torn_seq > newest)
		dmbc_finding_add(s->fs, DMBC_FINDING_JOURNAL_TORN, NULL, s->torn_at,
				 "entry %llu is incomplete; the newest one is %llu", s->torn_seq,
				 newest);
	if (newest - from >= MOST_ENTRIES)
		dmbc_finding_add(s->fs, DMBC_FINDING_JOURNAL_LONG, NULL,
				 dmbc_finding_place("journal"), "%llu entries are needed",
				 newest - from + 1);
	find_gaps(s, from, newest);
}

static bool adopt(struct scan *s)
{
	struct dmbc_set *set = s->set;
	size_t i, n;

	set->has_journal = true;
	set->newest = __le64_to_cpu(s->newest.seq);
	set->last_seq = __le64_to_cpu(s->newest.last_seq);
	dmbc_verify_unpack_key(s->newest.btree_root.word, DMBC_KEY_PADDED_WORDS, &set->root);
	dmbc_verify_unpack_key(s->newest.uuid_bucket.word, DMBC_KEY_PADDED_WORDS, &set->uuid_key);
	set->root_level = __le16_to_cpu(s->newest.btree_level);
	set->uuids_old = __le32_to_cpu(s->newest.version) == DMBC_JSET_VERSION_UUID64;
	set->prio_bucket = __le64_to_cpu(s->newest.prio_bucket[0]);
	set->g.node_sectors = dmbc_key_size(&set->root);
	for (i = 0; i < s->nr; i++)
		for (n = 0; n < s->entry[i].keys.nr; n++)
			if (dmbc_key_size(&s->entry[i].keys.k[n]) &&
			    !dmbc_keys_add(&set->journal, &s->entry[i].keys.k[n]))
				return false;
	set->replay_keys = set->journal.nr;
	return dmbc_keys_overlay(&set->journal);
}

enum dmbc_result dmbc_set_read_journal(struct dmbc_set *set, struct dmbc_findings *fs,
				       struct dmbc_error *err)
{
	struct scan s = { .set = set, .fs = fs, .window = dmbc_device_buffer(WINDOW_BYTES) };
	__u32 b;

	s.no_memory = !s.window;
	for (b = 0; b < set->g.njournal && !s.no_memory; b++)
		scan_bucket(&s, b);
	if (!s.no_memory) {
		if (s.nr)
			qsort(s.entry, s.nr, sizeof(*s.entry), by_seq);
		judge(&s);
		if (s.newest.seq)
			s.no_memory = !adopt(&s);
	}
	drop_older(&s, ~0ULL);
	free(s.entry);
	free(s.window);
	return s.no_memory ? dmbc_error_memory(set->dev, err) : DMBC_OK;
}
