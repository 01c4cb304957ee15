/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The on-disk format: bcache's own, byte for byte.
 *
 * This file owns every structure that reaches a medium, the constants that
 * identify them and the accessors that take fields apart. It is used by the
 * kernel module, by the tools and by the tests. It holds no policy and no
 * checks; lib/verify.c is the only reader of raw fields from a medium.
 *
 * Units: a sector is 512 bytes. Sizes named *_SECTORS are sectors, *_BYTES
 * bytes, *_WORDS 64-bit words. All integers are little-endian.
 */
#ifndef DMBC_FORMAT_H
#define DMBC_FORMAT_H

#include <linux/types.h>
#include <asm/byteorder.h>

#define DMBC_SECTOR_SHIFT 9
#define DMBC_SECTOR_BYTES 512

/* ---- super block: one copy at sector 8, 4096 bytes ---------------------- */

#define DMBC_SB_SECTOR 8
#define DMBC_SB_BYTES 4096
#define DMBC_SB_LABEL_BYTES 32
#define DMBC_SB_MAX_JOURNAL 256
#define DMBC_SB_CSUM_START 8
#define DMBC_SB_FIXED_BYTES 208 /* the checksum covers 8 .. 208 + 8 * keys */
#define DMBC_BACKING_DATA_START 16 /* sectors; data offset of version 1 */

#define DMBC_SB_MAGIC                                                                              \
	{                                                                                          \
		0xc6, 0x85, 0x73, 0xf6, 0x4e, 0x1a, 0x45, 0xca, 0x82, 0x65, 0xf5, 0x7f, 0x48,      \
			0xba, 0x6d, 0x81                                                           \
	}

enum dmbc_sb_version {
	DMBC_SB_CACHE_NEW = 0,
	DMBC_SB_BACKING = 1,
	DMBC_SB_CACHE = 3,
	DMBC_SB_BACKING_OFFSET = 4,
	DMBC_SB_CACHE_FEATURES = 5,
	DMBC_SB_BACKING_FEATURES = 6,
};

struct dmbc_disk_super {
	__le64 csum;
	__le64 offset; /* DMBC_SB_SECTOR */
	__le64 version; /* enum dmbc_sb_version */
	__u8 magic[16];
	__u8 uuid[16]; /* of this device */
	__u8 set_uuid[16]; /* all zero on a backing device: not attached */
	__u8 label[DMBC_SB_LABEL_BYTES];
	__le64 flags; /* DMBC_SB_*_SHIFT below */
	__le64 seq;
	__le64 feature_compat;
	__le64 feature_incompat;
	__le64 feature_ro_compat;
	__le64 pad[5];
	union {
		__le64 nbuckets; /* cache */
		__le64 data_offset; /* backing, versions 4 and 6; sectors */
	};
	__le16 block_size; /* sectors */
	__le16 bucket_size; /* sectors, or their log2: see DMBC_INCOMPAT_* */
	__le16 nr_in_set;
	__le16 nr_this_dev;
	__le32 last_mount;
	__le16 first_bucket;
	__le16 keys; /* used entries of d[]: journal buckets */
	__le64 d[DMBC_SB_MAX_JOURNAL];
	__le16 obsolete_bucket_size_hi; /* only with DMBC_INCOMPAT_OBSOLETE_LARGE */
	__u8 unused[1838];
} __attribute__((packed));

/* flags of a cache device */
#define DMBC_SB_SYNC_SHIFT 0
#define DMBC_SB_SYNC_BITS 1
#define DMBC_SB_DISCARD_SHIFT 1
#define DMBC_SB_DISCARD_BITS 1
#define DMBC_SB_REPLACEMENT_SHIFT 2
#define DMBC_SB_REPLACEMENT_BITS 3
/* flags of a backing device */
#define DMBC_SB_MODE_SHIFT 0
#define DMBC_SB_MODE_BITS 4
#define DMBC_SB_STATE_SHIFT 61
#define DMBC_SB_STATE_BITS 2

enum dmbc_replacement { DMBC_REPLACE_LRU, DMBC_REPLACE_FIFO, DMBC_REPLACE_RANDOM };
enum dmbc_mode { DMBC_WRITETHROUGH, DMBC_WRITEBACK, DMBC_WRITEAROUND, DMBC_NONE, DMBC_NR_MODES };
enum dmbc_state { DMBC_STATE_NONE, DMBC_STATE_CLEAN, DMBC_STATE_DIRTY, DMBC_STATE_STALE };

#define DMBC_INCOMPAT_OBSOLETE_LARGE (1ULL << 0) /* bucket_size is the low half of 32 bits */
#define DMBC_INCOMPAT_LOG_LARGE (1ULL << 1) /* bucket_size is log2(sectors) */
#define DMBC_INCOMPAT_KNOWN (DMBC_INCOMPAT_OBSOLETE_LARGE | DMBC_INCOMPAT_LOG_LARGE)

static inline __u64 dmbc_bits_get(__u64 word, unsigned int shift, unsigned int bits)
{
	return (word >> shift) & ((1ULL << bits) - 1);
}

static inline __u64 dmbc_bits_set(__u64 word, unsigned int shift, unsigned int bits, __u64 value)
{
	__u64 mask = ((1ULL << bits) - 1) << shift;

	return (word & ~mask) | ((value << shift) & mask);
}

static inline __u64 dmbc_sb_flag(const struct dmbc_disk_super *sb, unsigned int shift,
				 unsigned int bits)
{
	return dmbc_bits_get(__le64_to_cpu(sb->flags), shift, bits);
}

static inline void dmbc_sb_set_flag(struct dmbc_disk_super *sb, unsigned int shift,
				    unsigned int bits, __u64 value)
{
	sb->flags = __cpu_to_le64(dmbc_bits_set(__le64_to_cpu(sb->flags), shift, bits, value));
}

/* ---- key: 16 bytes and 8 per pointer ------------------------------------ */

#define DMBC_KEY_INODE_BITS 20
#define DMBC_KEY_SIZE_SHIFT 20
#define DMBC_KEY_SIZE_BITS 16
#define DMBC_KEY_DIRTY_SHIFT 36
#define DMBC_KEY_PTRS_SHIFT 60
#define DMBC_KEY_PTRS_BITS 3
#define DMBC_KEY_MARK (1ULL << 63) /* always set */
#define DMBC_KEY_MAX_SECTORS 65535
#define DMBC_KEY_MAX_INODE ((1U << DMBC_KEY_INODE_BITS) - 1)
#define DMBC_KEY_MAX_OFFSET ((1ULL << 63) - 1)
#define DMBC_KEY_PADDED_WORDS 8

#define DMBC_PTR_GEN_BITS 8
#define DMBC_PTR_OFFSET_SHIFT 8
#define DMBC_PTR_OFFSET_BITS 43
#define DMBC_PTR_DEV_SHIFT 51
#define DMBC_PTR_DEV_BITS 12
#define DMBC_PTR_DEV_CHECK 4095 /* "no data here": treat the key as a hole */

/* As found in a node or a journal entry; ptr[] holds as many words as high says. */
struct dmbc_disk_key {
	__le64 high;
	__le64 low; /* end of the extent: sectors from the start of the backing device */
	__le64 ptr[];
};

/* The fixed-size form inside journal entries. */
struct dmbc_disk_key_padded {
	__le64 word[DMBC_KEY_PADDED_WORDS];
};

/* ---- btree node: a list of sets ----------------------------------------- */

#define DMBC_BSET_MAGIC 0x90135c78b99e07f5ULL /* xor set magic */
#define DMBC_BSET_VERSION 1

struct dmbc_disk_bset {
	__le64 csum;
	__le64 magic;
	__le64 seq; /* the same in every set of one node */
	__le32 version;
	__le32 keys; /* words of key data */
	__le64 d[];
};

/* ---- journal entry ------------------------------------------------------- */

#define DMBC_JSET_MAGIC 0x245235c1a3625032ULL /* xor set magic */
#define DMBC_JSET_VERSION 1
#define DMBC_JSET_VERSION_UUID64 0 /* the uuid bucket holds 64-byte entries */
#define DMBC_JSET_MAX_BYTES 32768
#define DMBC_MAX_DEVICES 8

struct dmbc_disk_jset {
	__le64 csum;
	__le64 magic;
	__le64 seq;
	__le32 version;
	__le32 keys; /* words of key data */
	__le64 last_seq;
	struct dmbc_disk_key_padded uuid_bucket;
	struct dmbc_disk_key_padded btree_root;
	__le16 btree_level;
	__le16 pad[3];
	__le64 prio_bucket[DMBC_MAX_DEVICES];
	__le64 d[];
};

/* ---- priorities and generations ------------------------------------------ */

#define DMBC_PSET_MAGIC 0x6750e15f87337f91ULL /* xor set magic */
#define DMBC_PRIO_METADATA 65535
#define DMBC_PRIO_INITIAL 32768

struct dmbc_disk_prio {
	__le16 prio;
	__u8 gen;
} __attribute__((packed));

struct dmbc_disk_prio_set {
	__le64 csum;
	__le64 magic;
	__le64 seq;
	__le32 version;
	__le32 pad;
	__le64 next_bucket; /* meaningless in the last set of a chain */
	struct dmbc_disk_prio data[];
};

/* ---- uuid slots ------------------------------------------------------------ */

#define DMBC_UUID_FLASH_ONLY 1U
#define DMBC_UUID_DETACHED                                                                         \
	{                                                                                          \
		0xa0, 0x3e, 0xf8, 0xed, 0x3e, 0xe1, 0xb8, 0x78, 0xc8, 0x50, 0xfc, 0x5e, 0xcb,      \
			0x16, 0xcd, 0x99                                                           \
	}

struct dmbc_disk_uuid {
	__u8 uuid[16];
	__u8 label[DMBC_SB_LABEL_BYTES];
	__le32 first_reg;
	__le32 last_reg;
	__le32 invalidated;
	__le32 flags; /* DMBC_UUID_* */
	__le64 sectors; /* flash-only volumes */
	__u8 pad[56];
};

/* entries of journal version DMBC_JSET_VERSION_UUID64 */
struct dmbc_disk_uuid64 {
	__u8 uuid[16];
	__u8 label[DMBC_SB_LABEL_BYTES];
	__le32 first_reg;
	__le32 last_reg;
	__le32 invalidated;
	__le32 pad;
};

/* ---- notes: ours alone, in the sectors that bcache leaves unused ------------- */

/*
 * What a backing super block would say of disks that have none, and how to know
 * such a disk again. Two copies between the super block and the first bucket,
 * written one after the other; mainline never looks there.
 */
#define DMBC_NOTES_MAGIC 0x3f91d06e8ab5c247ULL /* xor set magic */
#define DMBC_NOTES_VERSION 1
#define DMBC_NOTES_SECTOR 16
#define DMBC_NOTES_SECTORS 8 /* each copy */
#define DMBC_NOTES_COPIES 2
#define DMBC_NOTES_MAX 31
#define DMBC_NOTE_REGIONS 8
#define DMBC_NOTE_REGION_SECTORS 8

struct dmbc_disk_note {
	__u8 uuid[16]; /* of the slot */
	__le64 sectors; /* size of the disk */
	__le64 super_seq; /* of the cache's super block: mainline counts it up when it starts the set */
	__u8 state; /* enum dmbc_state */
	__u8 open; /* in use, or was so when the power failed */
	__le16 known; /* a bit for each hash that is the disk's, whatever else may be going on */
	__u8 pad[28];
	__le64 hash[DMBC_NOTE_REGIONS]; /* dmbc_checksum() of what the disk holds there */
};

struct dmbc_disk_notes {
	__le64 csum; /* of all that follows */
	__le64 magic;
	__le64 seq; /* the higher one is the newer copy */
	__le32 version;
	__le32 nr;
	struct dmbc_disk_note note[DMBC_NOTES_MAX];
	__u8 unused[96];
};

/* ---- sizes that follow from the bucket size -------------------------------- */

#define DMBC_META_MAX_SECTORS 8192 /* 4 MiB */
#define DMBC_NODE_MIN_LARGE_SECTORS 512 /* 256 KiB */

/* Sectors of a bucket that prio sets and uuids use. */
static inline __u32 dmbc_meta_sectors(__u32 bucket_sectors)
{
	return bucket_sectors < DMBC_META_MAX_SECTORS ? bucket_sectors : DMBC_META_MAX_SECTORS;
}

/* Sectors of a btree node in a new set. */
static inline __u32 dmbc_node_sectors(__u32 bucket_sectors)
{
	__u32 meta = dmbc_meta_sectors(bucket_sectors);

	if (meta <= DMBC_NODE_MIN_LARGE_SECTORS)
		return meta;
	return meta / 4 > DMBC_NODE_MIN_LARGE_SECTORS ? meta / 4 : DMBC_NODE_MIN_LARGE_SECTORS;
}

#endif
