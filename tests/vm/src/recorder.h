/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RECORDER_H
#define RECORDER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Two disks with volatile write caches, served to the kernel over nbd, whose
 * requests go into one log, in one order, together with what the user of the
 * cache above them asked for and was promised. From the log follows what a power
 * cut at any moment may leave.
 *
 * Why not dm-log-writes: two of them have two logs whose entries cannot be put in
 * one order, and one below both disks takes a flush of either for a flush of both.
 */
#define RECORDER_DATA 16 /* sector of the disk where the data begins */

enum { DISK_SSD, DISK_HDD, NR_DISKS };

enum event_type {
	EVENT_WRITE, /* arrived, volatile from now on; data NULL: a trim */
	EVENT_FLUSH, /* arrived */
	EVENT_DONE, /* the flush, or FUA write, number: answered */
	/* what the user says, see recorder_note() */
	EVENT_USER_WRITE,
	EVENT_USER_WRITTEN,
	EVENT_USER_FLUSH,
	EVENT_USER_FLUSHED,
};

struct event {
	enum event_type type;
	bool fua;
	uint32_t disk;
	uint32_t sectors;
	uint64_t sector;
	uint64_t number;
	unsigned char *data;
};

/* How much of what was volatile a power cut leaves. */
enum survival {
	SURVIVE_NOTHING,
	SURVIVE_ALL,
	SURVIVE_SSD,
	SURVIVE_HDD,
	SURVIVE_SOME_REQUESTS, /* the last one torn */
	SURVIVE_SOME_SECTORS,
	NR_SURVIVALS,
};

/* Loads the images and serves them as /dev/nbd0 (SSD) and /dev/nbd1. 0, or -1 after a message. */
int recorder_start(const char *ssd_image, const char *hdd_image);
const char *recorder_node(int disk);
uint64_t recorder_sectors(int disk);
/* Of the cache that the images are: sectors that a user sees, sectors of a block. */
uint64_t recorder_data_sectors(void);
uint32_t recorder_block(void);

/* From now on all goes into an empty log; what the disks hold now is where it starts. @slow: answers
 * of flushes, FUA and some other requests take a random time up to so many microseconds. */
void recorder_begin(uint64_t seed, unsigned int slow);
void recorder_end(void);
uint64_t recorder_note(enum event_type type, uint64_t number);
/* The log, after recorder_end(). */
const struct event *recorder_log(uint64_t *count);
/* Requests of @type on @disk so far. */
uint64_t recorder_seen(int disk, enum event_type type);
/* While held, flushes and FUA writes of @disk get no answer: they are under way. */
void recorder_hold(int disk, bool hold);

/* Goes through the log, forward only, to event @to (not included); @user gets the user's events. */
void recorder_replay(uint64_t to, void (*user)(const struct event *event));
/* Serves what a cut here leaves; writes to it stay in a copy. */
void recorder_cut(enum survival how, uint64_t seed);
/* What is served now. */
const unsigned char *recorder_bytes(int disk);
/* That as FOLDER/ssdSUFFIX and FOLDER/hddSUFFIX, or a message. */
void recorder_save(const char *folder, const char *suffix);
/* What is served now is what the next log starts from. */
void recorder_keep(void);

#endif
