/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads pieces of one size ahead, in the order they were asked for, so that an
 * SSD sees many requests at a time. Past the page cache where the device is
 * open that way. Memory: DMBC_READER_SLOTS pieces.
 */
#ifndef DMBC_READER_H
#define DMBC_READER_H

#include "dmbc.h"

#define DMBC_READER_SLOTS 32U

struct dmbc_reader;

/* NULL: not enough memory or threads. */
struct dmbc_reader *dmbc_reader_create(const struct dmbc_device *dev, __u32 sectors);
void dmbc_reader_destroy(struct dmbc_reader *r); /* NULL is allowed */
/* False: no slot is free; take something first. */
bool dmbc_reader_ask(struct dmbc_reader *r, __u64 sector);
/*
 * Waits for the oldest piece asked for. *@error: errno of its read. The piece is
 * valid until dmbc_reader_release(), which must come before the next take.
 */
void *dmbc_reader_take(struct dmbc_reader *r, int *error);
void dmbc_reader_release(struct dmbc_reader *r);
/* Takes and drops what was asked for and not taken. */
void dmbc_reader_drain(struct dmbc_reader *r);

#endif
