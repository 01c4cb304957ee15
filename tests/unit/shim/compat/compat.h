/* SPDX-License-Identifier: GPL-2.0 */
/* What store/ uses of dm-bcache/compat: the shrinker, which tests call by hand. */
#ifndef SHIM_COMPAT_H
#define SHIM_COMPAT_H

#include <linux/workqueue.h>

typedef unsigned long (*dmbc_shrink_count_fn)(void *private);
typedef unsigned long (*dmbc_shrink_scan_fn)(void *private, unsigned long nr);

struct dmbc_shrinker {
	struct list_head list;
	dmbc_shrink_count_fn count;
	dmbc_shrink_scan_fn scan;
	void *private;
};

#define SHRINK_STOP (~0UL)

int dmbc_shrinker_register(struct dmbc_shrinker *shrinker, const char *name,
			   dmbc_shrink_count_fn count, dmbc_shrink_scan_fn scan, void *private);
void dmbc_shrinker_unregister(struct dmbc_shrinker *shrinker);

/* Asks every shrinker for up to @nr objects, as memory pressure would. */
void sim_shrink(unsigned long nr);

#endif
