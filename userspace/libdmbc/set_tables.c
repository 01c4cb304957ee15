// SPDX-License-Identifier: GPL-2.0
/*
 * The two tables that the newest journal entry names: generations and priorities
 * of all buckets, a chain of prio sets; and the disks, the uuid table.
 */
#include "set.h"

#include "bitfix.h"
#include "finding_internal.h"
#include "internal.h"

#include "lib/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- generations and priorities ----------------------------------------------- */

static bool bucket_is_free(const struct dmbc_set *set, __u64 bucket)
{
	return bucket >= dmbc_geometry_first_free(&set->g) && bucket < set->g.nbuckets &&
	       set->bucket[bucket].use == DMBC_USE_NONE;
}

/* The set in @bucket, verified, at @buf; false after a finding. */
static bool read_prio_set(struct dmbc_set *set, struct dmbc_findings *fs, __u32 i, __u64 bucket,
			  struct dmbc_disk_prio_set *buf)
{
	struct dmbc_place place = dmbc_finding_place("prio set %u, bucket %llu", i, bucket);
	struct dmbc_why why;
	int r;

	if (!bucket_is_free(set, bucket)) {
		dmbc_finding_add(fs, DMBC_FINDING_PRIO_BAD, NULL, place,
				 "the bucket does not exist or holds something else");
		return false;
	}
	r = dmbc_device_read(set->dev, dmbc_geometry_sector(&set->g, bucket), set->g.meta_sectors,
			     buf);
	if (r)
		snprintf(why.text, sizeof(why.text), "%s", strerror(r));
	else
		r = dmbc_verify_prio_set(&set->g, buf, &why);
	if (r == -EILSEQ && set->rescue &&
	    dmbc_bitfix_run(buf, (size_t)set->g.meta_sectors * DMBC_SECTOR_BYTES, ~0ULL)) {
		dmbc_finding_add(fs, DMBC_FINDING_BIT_FIXED, NULL, place, "prio set");
		r = 0;
	}
	if (r)
		dmbc_finding_add(fs, DMBC_FINDING_PRIO_BAD, NULL, place, "%s", why.text);
	return !r;
}

static void take_prio_set(struct dmbc_set *set, __u32 i, const struct dmbc_disk_prio_set *p)
{
	__u32 per = dmbc_geometry_prios_per_set(&set->g), n;
	__u64 bucket = (__u64)i * per;

	for (n = 0; n < per && bucket < set->g.nbuckets; n++, bucket++) {
		set->bucket[bucket].gen = p->data[n].gen;
		set->bucket[bucket].prio = __le16_to_cpu(p->data[n].prio);
		set->bucket[bucket].unknown = 0;
	}
}

static void read_chain(struct dmbc_set *set, struct dmbc_findings *fs,
		       struct dmbc_disk_prio_set *buf)
{
	__u32 nr = dmbc_geometry_prio_sets(&set->g), i;
	__u64 bucket = set->prio_bucket;

	for (i = 0; i < nr && read_prio_set(set, fs, i, bucket, buf); i++) {
		set->bucket[bucket].use = DMBC_USE_PRIO;
		take_prio_set(set, i, buf);
		if (!i)
			set->prio_seq = __le64_to_cpu(buf->seq);
		else if (__le64_to_cpu(buf->seq) != set->prio_seq)
			dmbc_finding_add(fs, DMBC_FINDING_PRIO_MIXED, NULL,
					 dmbc_finding_place("prio set %u, bucket %llu", i, bucket),
					 "of write %llu in a chain of write %llu",
					 __le64_to_cpu(buf->seq), set->prio_seq);
		bucket = __le64_to_cpu(buf->next_bucket);
	}
}

enum dmbc_result dmbc_set_read_prios(struct dmbc_set *set, struct dmbc_findings *fs,
				     struct dmbc_error *err)
{
	struct dmbc_disk_prio_set *buf =
		dmbc_device_buffer((size_t)set->g.meta_sectors * DMBC_SECTOR_BYTES);
	__u64 i;

	if (!buf)
		return dmbc_error_memory(set->dev, err);
	for (i = 0; i < set->g.nbuckets; i++)
		set->bucket[i].unknown = 1;
	read_chain(set, fs, buf);
	free(buf);
	return DMBC_OK;
}

/* ---- uuids ------------------------------------------------------------------------ */

static const __u8 none[16];
static const __u8 detached[16] = DMBC_UUID_DETACHED;

bool dmbc_set_slot_used(const struct dmbc_set *set, __u32 slot)
{
	return slot < set->slots && memcmp(set->uuid[slot].uuid, none, 16) &&
	       memcmp(set->uuid[slot].uuid, detached, 16);
}

bool dmbc_set_slot_detached(const struct dmbc_set *set, __u32 slot)
{
	return slot < set->slots && !memcmp(set->uuid[slot].uuid, detached, 16);
}

int dmbc_set_find_slot(const struct dmbc_set *set, const __u8 uuid[16])
{
	__u32 i;

	for (i = 0; i < set->slots; i++)
		if (dmbc_set_slot_used(set, i) && !memcmp(set->uuid[i].uuid, uuid, 16))
			return (int)i;
	return -1;
}

/* Old entries are half as long. */
static void take_slots(struct dmbc_set *set, const void *buf)
{
	const struct dmbc_disk_uuid64 *old = buf;
	__u32 i;

	if (!set->uuids_old) {
		memcpy(set->uuid, buf, set->slots * sizeof(*set->uuid));
		return;
	}
	for (i = 0; i < set->slots; i++) {
		memcpy(set->uuid[i].uuid, old[i].uuid, sizeof(set->uuid[i].uuid));
		memcpy(set->uuid[i].label, old[i].label, sizeof(set->uuid[i].label));
		set->uuid[i].first_reg = old[i].first_reg;
		set->uuid[i].last_reg = old[i].last_reg;
		set->uuid[i].invalidated = old[i].invalidated;
	}
}

static void find_twins(const struct dmbc_set *set, struct dmbc_findings *fs)
{
	__u32 i;
	int first;

	for (i = 0; i < set->slots; i++) {
		if (!dmbc_set_slot_used(set, i))
			continue;
		first = dmbc_set_find_slot(set, set->uuid[i].uuid);
		if (first < (int)i)
			dmbc_finding_add(fs, DMBC_FINDING_UUID_TWICE, NULL,
					 dmbc_finding_place("uuid slot %u", i),
					 "the same device as in slot %d", first);
	}
}

enum dmbc_result dmbc_set_read_uuids(struct dmbc_set *set, struct dmbc_findings *fs,
				     struct dmbc_error *err)
{
	const size_t bytes = (size_t)set->g.meta_sectors * DMBC_SECTOR_BYTES;
	__u64 bucket = dmbc_geometry_bucket(&set->g, dmbc_ptr_sector(set->uuid_key.ptr));
	struct dmbc_place place = dmbc_finding_place("uuid table, bucket %llu", bucket);
	void *buf = dmbc_device_buffer(bytes);
	int r;

	set->slots = bytes / sizeof(*set->uuid);
	set->uuid = calloc(set->slots, sizeof(*set->uuid));
	if (!buf || !set->uuid) {
		free(buf);
		return dmbc_error_memory(set->dev, err);
	}
	if (!bucket_is_free(set, bucket)) {
		dmbc_finding_add(fs, DMBC_FINDING_UUID_BAD, NULL, place,
				 "the bucket does not exist or holds something else");
	} else {
		set->bucket[bucket].use = DMBC_USE_UUID;
		r = dmbc_device_read(set->dev, dmbc_geometry_sector(&set->g, bucket),
				     set->g.meta_sectors, buf);
		if (r)
			dmbc_finding_add(fs, DMBC_FINDING_UUID_BAD, NULL, place, "%s", strerror(r));
		else
			take_slots(set, buf);
	}
	free(buf);
	find_twins(set, fs);
	return DMBC_OK;
}
