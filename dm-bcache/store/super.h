/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Super blocks of both kinds of device: load, verify, change, write.
 *
 * A loaded super block is a copy of the 4096 bytes plus what they mean. All
 * functions sleep; the caller serialises changes of one super block.
 */
#ifndef DMBC_STORE_SUPER_H
#define DMBC_STORE_SUPER_H

#include "lib/geometry.h"
#include "lib/verify.h"

struct dmbc_blockio;

struct dmbc_super {
	struct dmbc_disk_super disk;
	struct dmbc_geometry geometry; /* cache only */
	__u64 data_offset; /* backing only; sectors */
};

/* Reads and verifies; -EIO, or the verifier's error with its reason in @why. */
int dmbc_super_load_cache(struct dmbc_blockio *io, struct dmbc_super *s, struct dmbc_why *why);
int dmbc_super_load_backing(struct dmbc_blockio *io, struct dmbc_super *s, struct dmbc_why *why);

/*
 * Cache, first use (SYNC is 0): chooses njournal = clamp(nbuckets / 128, 2,
 * 256), fills d[], updates the geometry. Memory only: nothing is written before
 * dmbc_super_write_cache().
 */
void dmbc_super_prepare_new(struct dmbc_super *s);
bool dmbc_super_is_new(const struct dmbc_super *s);
/* Sets SYNC and version >= 3, counts seq up, stamps last_mount, writes with PREFLUSH|FUA. */
int dmbc_super_write_cache(struct dmbc_blockio *io, struct dmbc_super *s);

/* Backing: fields in memory; write makes them durable (PREFLUSH|FUA). */
enum dmbc_state dmbc_super_state(const struct dmbc_super *s);
void dmbc_super_set_state(struct dmbc_super *s, enum dmbc_state state);
enum dmbc_mode dmbc_super_mode(const struct dmbc_super *s);
void dmbc_super_set_mode(struct dmbc_super *s, enum dmbc_mode mode);
/* A set uuid and any state but none. */
bool dmbc_super_attached(const struct dmbc_super *s);
void dmbc_super_set_attached(struct dmbc_super *s, const __u8 set_uuid[16]);
void dmbc_super_set_detached(struct dmbc_super *s); /* belongs to no set, state none */
int dmbc_super_write_backing(struct dmbc_blockio *io, struct dmbc_super *s);

#endif
