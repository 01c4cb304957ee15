/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Disks that are cached in place, without a super block: what the SSD notes of
 * them. Its id is the disk's name in the table line, origin_id.
 */
#ifndef DMBC_INPLACE_H
#define DMBC_INPLACE_H

#include <stdbool.h>

#include "dmbc.h"
#include "finding.h"

#include "lib/note.h"

struct dmbc_inplace_disk {
	const char *path;
	const __u8 *id; /* of 16 bytes */
	/* from dmbc_inplace_look() */
	__u64 sectors;
	bool noted; /* there is a note under the id */
	unsigned int state; /* enum dmbc_state; without a note it is dirty: nobody says that not */
};

struct dmbc_inplace_judgement {
	enum dmbc_note_verdict verdict;
	struct dmbc_why why; /* unless it is DMBC_NOTE_KEEP */
};

/* DMBC_REFUSED: it has a super block, or is too small. */
enum dmbc_result dmbc_inplace_look(const struct dmbc_set *set, struct dmbc_inplace_disk *disk,
				   struct dmbc_error *err);
/* What a start would do with the disk. @dirty: what the SSD has of it, or some of that, is. */
enum dmbc_result dmbc_inplace_judge(const struct dmbc_set *set,
				    const struct dmbc_inplace_disk *disk, bool dirty,
				    struct dmbc_inplace_judgement *judgement,
				    struct dmbc_error *err);
/* DMBC_REFUSED: another disk, or changed without the SSD. */
enum dmbc_result dmbc_inplace_refuse(const struct dmbc_set *set,
				     const struct dmbc_inplace_disk *disk, struct dmbc_error *err);
/* The newer good copy of the notes, or an empty table. */
enum dmbc_result dmbc_inplace_read_notes(const struct dmbc_set *set, struct dmbc_disk_notes *table,
					 struct dmbc_error *err);
/* Counts @table's seq up, seals it, writes both copies; durable after return. */
enum dmbc_result dmbc_inplace_write_notes(const struct dmbc_device *dev,
					  struct dmbc_disk_notes *table, struct dmbc_error *err);
/* Findings of damage to the notes. @dirty: there is dirty data, of a disk that may be in place. */
enum dmbc_result dmbc_inplace_check_notes(const struct dmbc_set *set, bool dirty,
					  struct dmbc_findings *fs, struct dmbc_error *err);
/*
 * Dirty data is about to be written to the disk: from now on it may differ from
 * what is noted. The set's device is open for writing. Durable after return.
 */
enum dmbc_result dmbc_inplace_begin(const struct dmbc_set *set, const __u8 id[16],
				    struct dmbc_error *err);
/* The disk is complete: a start drops what the SSD has of it. As dmbc_inplace_begin(). */
enum dmbc_result dmbc_inplace_detach(const struct dmbc_set *set, const __u8 id[16],
				     struct dmbc_error *err);

#endif
