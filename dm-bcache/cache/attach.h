/* SPDX-License-Identifier: GPL-2.0 */
/* Joining an origin to its set, once, before its first I/O. */
#ifndef DMBC_CACHE_ATTACH_H
#define DMBC_CACHE_ATTACH_H

struct dmbc_origin;
struct dmbc_why;

/*
 * set->lock held, set RUNNING. Finds or makes the origin's uuid slot and puts
 * its super block in order (bcache-format.md section 8). Sleeps. A refusal has
 * its reason in @why.
 */
int dmbc_attach(struct dmbc_origin *origin, struct dmbc_why *why);

#endif
