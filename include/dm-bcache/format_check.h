/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Compile-time proof that the structures of format.h lie as bcache laid them.
 * Included by one source file on each side (lib/verify.c).
 */
#ifndef DMBC_FORMAT_CHECK_H
#define DMBC_FORMAT_CHECK_H

#include <dm-bcache/format.h>

#define DMBC_CHECK_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), "size of " #type)
#define DMBC_CHECK_OFFSET(type, field, bytes)                                                      \
	_Static_assert(__builtin_offsetof(type, field) == (bytes), "offset of " #type "." #field)

DMBC_CHECK_SIZE(struct dmbc_disk_super, 4096);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, offset, 8);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, version, 16);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, magic, 24);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, uuid, 40);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, set_uuid, 56);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, label, 72);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, flags, 104);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, seq, 112);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, feature_compat, 120);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, feature_incompat, 128);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, feature_ro_compat, 136);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, nbuckets, 184);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, block_size, 192);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, bucket_size, 194);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, nr_in_set, 196);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, nr_this_dev, 198);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, last_mount, 200);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, first_bucket, 204);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, keys, 206);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, d, 208);
DMBC_CHECK_OFFSET(struct dmbc_disk_super, obsolete_bucket_size_hi, 2256);
DMBC_CHECK_SIZE(struct dmbc_disk_key, 16);
DMBC_CHECK_SIZE(struct dmbc_disk_bset, 32);
DMBC_CHECK_OFFSET(struct dmbc_disk_bset, seq, 16);
DMBC_CHECK_OFFSET(struct dmbc_disk_bset, keys, 28);
DMBC_CHECK_SIZE(struct dmbc_disk_jset, 240);
DMBC_CHECK_OFFSET(struct dmbc_disk_jset, last_seq, 32);
DMBC_CHECK_OFFSET(struct dmbc_disk_jset, uuid_bucket, 40);
DMBC_CHECK_OFFSET(struct dmbc_disk_jset, btree_root, 104);
DMBC_CHECK_OFFSET(struct dmbc_disk_jset, btree_level, 168);
DMBC_CHECK_OFFSET(struct dmbc_disk_jset, prio_bucket, 176);
DMBC_CHECK_SIZE(struct dmbc_disk_prio, 3);
DMBC_CHECK_SIZE(struct dmbc_disk_prio_set, 40);
DMBC_CHECK_SIZE(struct dmbc_disk_uuid, 128);
DMBC_CHECK_OFFSET(struct dmbc_disk_uuid, first_reg, 48);
DMBC_CHECK_OFFSET(struct dmbc_disk_uuid, sectors, 64);
DMBC_CHECK_SIZE(struct dmbc_disk_uuid64, 64);
DMBC_CHECK_SIZE(struct dmbc_disk_note, 128);
DMBC_CHECK_OFFSET(struct dmbc_disk_note, known, 34);
DMBC_CHECK_OFFSET(struct dmbc_disk_note, hash, 64);
DMBC_CHECK_SIZE(struct dmbc_disk_notes, DMBC_NOTES_SECTORS *DMBC_SECTOR_BYTES);
DMBC_CHECK_OFFSET(struct dmbc_disk_notes, note, 32);

#endif
