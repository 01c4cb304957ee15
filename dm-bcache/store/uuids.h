/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of uuid slots: which origin (or flash volume) a key's inode means.
 * Kept in memory, rewritten to a fresh bucket on every change, then named by a
 * journal entry (format section 7). The caller serialises; all calls sleep.
 */
#ifndef DMBC_STORE_UUIDS_H
#define DMBC_STORE_UUIDS_H

#include <linux/types.h>

#include "lib/geometry.h"
#include "lib/key.h"

struct dmbc_alloc;
struct dmbc_blockio;
struct dmbc_buckets;
struct dmbc_journal;
struct dmbc_uuids;
struct dmbc_why;

struct dmbc_uuids *dmbc_uuids_create(struct dmbc_blockio *io, const struct dmbc_geometry *g,
				     struct dmbc_buckets *bs, struct dmbc_alloc *a,
				     struct dmbc_journal *j);
void dmbc_uuids_destroy(struct dmbc_uuids *u);
/* Loads from the bucket that @key names; @old_entries: 64-byte form. Marks the bucket. */
int dmbc_uuids_load(struct dmbc_uuids *u, const struct dmbc_key *key, bool old_entries,
		    struct dmbc_why *why);
/* Writes the table (also the first, empty one) and commits it through the journal. */
int dmbc_uuids_write(struct dmbc_uuids *u);

__u32 dmbc_uuids_slots(const struct dmbc_uuids *u);
const struct dmbc_disk_uuid *dmbc_uuids_slot(const struct dmbc_uuids *u, __u32 slot);
/* Slot of @uuid, or -ENOENT. */
int dmbc_uuids_find(const struct dmbc_uuids *u, const __u8 uuid[16]);
/* A free slot for a backing device, filled in memory (not written); -ENOSPC. @now: Unix time. */
int dmbc_uuids_add(struct dmbc_uuids *u, const __u8 uuid[16], const __u8 *label, __u32 now);
/*
 * A slot that had been given up before the table was loaded, so that no request
 * can be under way that knows it, or -ENOSPC. Before dmbc_uuids_take() the caller
 * sees to it that, durably, the index has nothing of its inode.
 */
int dmbc_uuids_reusable(const struct dmbc_uuids *u);
/* As dmbc_uuids_add(), with that slot. */
void dmbc_uuids_take(struct dmbc_uuids *u, __u32 slot, const __u8 uuid[16], const __u8 *label,
		     __u32 now);
/* @label: DMBC_SB_LABEL_BYTES; memory only. */
void dmbc_uuids_set_label(struct dmbc_uuids *u, __u32 slot, const __u8 *label);
/* In use by a volume, which has no backing device. */
bool dmbc_uuids_is_volume(const struct dmbc_uuids *u, __u32 slot);
/* The slot is a volume of that size, without a backing device; memory only. */
void dmbc_uuids_set_volume(struct dmbc_uuids *u, __u32 slot, __u64 sectors);
/* Marks a slot as detached for ever (memory only). */
void dmbc_uuids_detach(struct dmbc_uuids *u, __u32 slot, __u32 now);

#endif
