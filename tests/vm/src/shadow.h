/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHADOW_H
#define SHADOW_H

#include <stdbool.h>
#include <stdint.h>

#include "recorder.h"

/*
 * What every sector of a cached disk may hold after a power cut. Every write has a
 * number, which is in each of its sectors. Writers must not overlap each other.
 */
#define SHADOW_SECTOR 512
#define SHADOW_WRITERS 8

enum shadow_kind { SHADOW_WRITE, SHADOW_FUA, SHADOW_DISCARD };

void shadow_start(uint64_t sectors);
/* The number of a write that begins now, and is noted in the log. */
uint64_t shadow_begin(uint64_t sector, uint32_t sectors, enum shadow_kind kind);
void shadow_finished(uint64_t number);
/* What its sectors hold. */
void shadow_fill(unsigned char *data, uint64_t number);
/* The number in a sector's data: 0 for zeros, UINT64_MAX for what nobody ever wrote there. */
uint64_t shadow_number(const unsigned char *data, uint64_t sector);
/* The user's part of the log, in its order. */
void shadow_event(const struct event *event);
/* Prints what no power cut at this place can leave; returns the number of such sectors. */
unsigned long shadow_judge(const unsigned char *data);
/*
 * @data, all of the disk, is what it holds when the next log begins; @other (NULL: the same)
 * what would be read if the SSD's clean data were not used. Where the cut allowed that as well
 * it may be read later on: if @leaves_both, anywhere, as the engine that was cut off gives no
 * promise that the SSD's clean data is the disk's; if not, only where that was so before.
 * Returns the number of such sectors.
 */
uint64_t shadow_settle(const unsigned char *data, const unsigned char *other, bool leaves_both);
/* Whether only one thing can be read of the sector when the log begins. */
bool shadow_certain(uint64_t sector);
/* All of it as a file, to judge a saved cut again. 0, or -1. */
int shadow_save(const char *path);
int shadow_load(const char *path);

#endif
