/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libdmbc: what the tools know about bcache devices. This header, check.h with
 * finding.h, and target.h are the library's interface; libdmbc.map lists it.
 *
 * A caller opens devices (device.c), looks for foreign data on them
 * (signature.c), builds and writes super blocks (format.c), or reads one,
 * takes it apart (super.c) and prints it (report.c). With a whole cache
 * (set.c) it goes on in check.h, with running ones in target.h.
 *
 * Every function that can fail returns an enum dmbc_result and, unless that is
 * DMBC_OK, has written one line to @err: "DEV: reason; do X", no newline.
 * Nothing here prints on its own, exits, or keeps state between calls.
 */
#ifndef DMBC_H
#define DMBC_H

#include <dm-bcache/format.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct json_object;

/* The exit codes of the tools as well; the larger one wins. 5 to 7 are verdicts of a check. */
enum dmbc_result {
	DMBC_OK = 0,
	DMBC_REFUSED = 1, /* wrong usage, or unsafe: nothing was written */
	DMBC_IO = 2, /* the system refused to open, read or write */
	DMBC_NOT_BCACHE = 3,
	DMBC_DAMAGED = 4, /* bcache's magic, but the verifier refuses it: damaged or unsupported */
	DMBC_MINOR = 5, /* the next start deals with it; nothing is lost but clean data */
	DMBC_BROKEN = 6, /* does not start, or serves wrong data; no loss of dirty data is known */
	DMBC_LOST = 7, /* data that only the cache had is lost */
};

#define DMBC_ERROR_BYTES 512
struct dmbc_error {
	char text[DMBC_ERROR_BYTES];
};

enum dmbc_kind { DMBC_KIND_NONE, DMBC_KIND_CACHE, DMBC_KIND_BACKING };
#define DMBC_NR_REPLACEMENT 3
#define DMBC_UUID_BYTES 16
#define DMBC_UUID_TEXT 37

/* ---- device.c: a block device or a regular file ------------------------- */

struct dmbc_device;

enum dmbc_access {
	DMBC_ACCESS_READ, /* past the page cache: also right under a running target */
	DMBC_ACCESS_ALONE, /* the same, and nobody else may be using it */
	DMBC_ACCESS_PROBE, /* read only, and nobody else may be using it */
	DMBC_ACCESS_WRITE, /* read and write, and nobody else may be using it */
};

/* On DMBC_OK the caller owns *@dev and ends it with dmbc_device_close(). */
enum dmbc_result dmbc_device_open(const char *path, enum dmbc_access access,
				  struct dmbc_device **dev, struct dmbc_error *err);
/* NULL is allowed. */
void dmbc_device_close(struct dmbc_device *dev);
const char *dmbc_device_path(const struct dmbc_device *dev);
int dmbc_device_fd(const struct dmbc_device *dev);
__u64 dmbc_device_sectors(const struct dmbc_device *dev);
/* Logical block size in sectors; 1 for a regular file. */
__u32 dmbc_device_block_sectors(const struct dmbc_device *dev);
/* True when both paths lead to the same device or file. To be asked before opening them. */
bool dmbc_device_same(const char *path, const char *other);
/* Memory that reads and writes may use, ended by free(). NULL: none left. */
void *dmbc_device_buffer(size_t bytes);
/*
 * Reads @sectors from @sector into memory from dmbc_device_buffer(). 0 or an
 * errno. Both must be multiples of 8 where the logical blocks are that large.
 */
int dmbc_device_read(const struct dmbc_device *dev, __u64 sector, __u32 sectors, void *buf);
/* 0 or an errno; durable after dmbc_device_sync(). */
int dmbc_device_write(const struct dmbc_device *dev, __u64 sector, __u32 sectors, const void *buf);
enum dmbc_result dmbc_device_sync(const struct dmbc_device *dev, struct dmbc_error *err);
/* DMBC_NOT_BCACHE when the device ends before the super block does. */
enum dmbc_result dmbc_device_read_super(struct dmbc_device *dev, struct dmbc_disk_super *sb,
					struct dmbc_error *err);
/* Zeroes the 4 KiB before the super block, writes it, and waits until both are durable. */
enum dmbc_result dmbc_device_write_super(struct dmbc_device *dev, const struct dmbc_disk_super *sb,
					 struct dmbc_error *err);

/* ---- signature.c: what libblkid finds on a device ------------------------ */

/* DMBC_REFUSED and the signature's name in @err when there is any. */
enum dmbc_result dmbc_signature_refuse(struct dmbc_device *dev, struct dmbc_error *err);
/* Erases all signatures; has the kernel forget partitions. Counts them in *@wiped. */
enum dmbc_result dmbc_signature_wipe(struct dmbc_device *dev, unsigned int *wiped,
				     struct dmbc_error *err);

/* ---- format.c: new super blocks ------------------------------------------- */

struct dmbc_format_params {
	__u64 bucket_bytes;
	__u64 block_bytes; /* 0: the largest logical block size of the devices */
	__u64 data_offset_bytes; /* of a backing device */
	const char *label; /* NULL: none */
	const unsigned char *uuid; /* NULL: random */
	const unsigned char *set_uuid; /* NULL: random; none if there is no cache device */
	enum dmbc_mode mode;
	enum dmbc_replacement replacement;
};

struct dmbc_format_target {
	enum dmbc_kind kind;
	struct dmbc_device *dev; /* owned by the caller */
	struct dmbc_disk_super super; /* filled by dmbc_format_build() */
};

/* What an unchanged make-bcache does. */
void dmbc_format_defaults(struct dmbc_format_params *params);
/*
 * Checks @params against the devices and fills the super block of each of the
 * @count targets, sealed and verified. Writes nothing to any device.
 */
enum dmbc_result dmbc_format_build(const struct dmbc_format_params *params,
				   struct dmbc_format_target *targets, unsigned int count,
				   struct dmbc_error *err);

/* ---- super.c: a super block taken apart ------------------------------------- */

#define DMBC_LABEL_TEXT (4 * DMBC_SB_LABEL_BYTES + 1)

struct dmbc_super_info {
	enum dmbc_kind kind; /* DMBC_KIND_NONE: the rest but @why means nothing */
	enum dmbc_result verdict; /* DMBC_OK, DMBC_NOT_BCACHE, DMBC_DAMAGED */
	bool unsupported; /* DMBC_DAMAGED only: intact, but of a version or with a feature unknown */
	char why[128]; /* the verifier's reason; empty when ok */
	__u64 device_sectors;
	__u64 csum;
	bool csum_ok;
	__u64 offset;
	__u64 version;
	char uuid[DMBC_UUID_TEXT];
	char set_uuid[DMBC_UUID_TEXT];
	bool has_set; /* the set uuid is not zero */
	char label[DMBC_LABEL_TEXT]; /* printable ASCII; the rest as \xNN */
	__u64 flags;
	__u64 seq;
	__u64 compat;
	__u64 incompat;
	__u64 ro_compat;
	__u32 block_sectors;
	__u64 bucket_sectors; /* 0: cannot be told */
	__u32 last_mount;
	/* cache */
	__u64 nbuckets;
	__u32 nr_in_set;
	__u32 nr_this_dev;
	__u32 first_bucket;
	__u32 njournal;
	bool sync;
	bool discard;
	unsigned int replacement;
	/* backing */
	__u64 data_offset;
	unsigned int mode;
	unsigned int state;
};

/* @device_sectors: 0 when unknown. Never fails: damage ends up in the verdict. */
void dmbc_super_decode(const struct dmbc_disk_super *sb, __u64 device_sectors,
		       struct dmbc_super_info *info);

/* ---- set.c: a whole cache, for check.h ----------------------------------------- */

struct dmbc_set;

/* DMBC_NOT_BCACHE or DMBC_DAMAGED with the verifier's reason. Ended by dmbc_set_close(), before @dev. */
enum dmbc_result dmbc_set_open(struct dmbc_device *dev, struct dmbc_set **set,
			       struct dmbc_error *err);
void dmbc_set_close(struct dmbc_set *set); /* NULL is allowed */
/* True: it was never started, there is nothing in it to check. */
bool dmbc_set_is_fresh(const struct dmbc_set *set);

/* ---- report.c: a super block for people and for programs ------------------- */

void dmbc_report_text(FILE *out, const char *path, const struct dmbc_super_info *info);
/* The same fields; sizes in bytes. The caller owns the object. */
struct json_object *dmbc_report_json(const char *path, const struct dmbc_super_info *info);

/* ---- text.c: values from and to text ----------------------------------------- */

/* "512", "4K", "1MiB", "16s" (sectors). False: not a size, or it does not fit. */
bool dmbc_text_parse_size(const char *text, __u64 *bytes);
/* "512 KiB", "1.5 GiB"; two decimals where it is not exact. */
void dmbc_text_size(__u64 bytes, char *text, size_t size);
/* @label need not end in a zero byte; @text: DMBC_LABEL_TEXT bytes. */
void dmbc_text_label(const __u8 *label, char *text);
/* NULL when the value has no name. */
const char *dmbc_text_mode(unsigned int mode);
const char *dmbc_text_replacement(unsigned int replacement);
const char *dmbc_text_state(unsigned int state);
const char *dmbc_text_version(__u64 version);

#endif
