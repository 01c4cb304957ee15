/* SPDX-License-Identifier: GPL-2.0 */
/* The writeback rate controller: proportional-integral, as bcache's since 4.16. Pure. */
#ifndef DMBC_LIB_PD_H
#define DMBC_LIB_PD_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <linux/types.h>
#endif

/* Tunables, in bcache's units (bcache-features.md section 3). */
struct dmbc_pd_config {
	__u32 percent; /* of the cache that may be dirty: the target */
	__u32 update_seconds;
	__u32 p_term_inverse;
	__u32 i_term_inverse;
	__u32 rate_minimum; /* sectors per second */
	bool consider_fragment;
	__u32 fp_low, fp_mid, fp_high;
};

/* What the controller sees of the world at one update. */
struct dmbc_pd_input {
	__u64 dirty; /* sectors, of this origin */
	__u64 cache_sectors; /* size of the whole cache */
	__u64 origin_sectors; /* this origin's size */
	__u64 all_origin_sectors; /* of all origins that share the cache */
	__u64 dirty_buckets, nbuckets; /* for the fragment terms */
	__u32 in_use_percent; /* buckets not available */
	bool behind; /* writeback did not reach the last rate: do not ask for even more */
};

struct dmbc_pd {
	__s64 proportional, integral_sum, integral, change, target;
	__u64 rate; /* sectors per second */
};

void dmbc_pd_init(struct dmbc_pd *pd);
/* One period later: recomputes pd->rate. */
void dmbc_pd_update(struct dmbc_pd *pd, const struct dmbc_pd_config *c,
		    const struct dmbc_pd_input *in);

#endif
