/* SPDX-License-Identifier: GPL-2.0 */
/* Bringing a set up and taking it down: a table of steps, each with its undo. */
#ifndef DMBC_CACHE_STARTUP_H
#define DMBC_CACHE_STARTUP_H

#include <dm-bcache/format.h>

struct dmbc_set;
struct dmbc_why;

/*
 * set->lock held. From NEW to RUNNING: a fresh set is initialised, an existing
 * one loaded. On failure all is taken down again, the step and the reason are
 * in @why and in the log, and the set stays NEW. Sleeps, long.
 */
int dmbc_startup_run(struct dmbc_set *set, struct dmbc_why *why);
/* Which buckets make room: as the option says, or as the SSD was formatted. Any context. */
enum dmbc_replacement dmbc_startup_policy(const struct dmbc_set *set);
/* Takes down what is up; no origin does I/O any more. Sleeps. */
void dmbc_startup_undo(struct dmbc_set *set);

#endif
