/* SPDX-License-Identifier: GPL-2.0 */
/* An allocation that may sleep never fails; one reserve is as good as many. */
#ifndef SHIM_LINUX_MEMPOOL_H
#define SHIM_LINUX_MEMPOOL_H

#include <linux/slab.h>

typedef struct mempool {
	size_t bytes;
} mempool_t;

static inline int mempool_init_kmalloc_pool(mempool_t *pool, int reserve, size_t bytes)
{
	(void)reserve;
	pool->bytes = bytes;
	return 0;
}

#define mempool_init_slab_pool(pool, reserve, cache)                                               \
	mempool_init_kmalloc_pool(pool, reserve, (cache)->bytes)
#define mempool_exit(pool) ((void)(pool))
#define mempool_alloc(pool, gfp)                                                                   \
	kmalloc((pool)->bytes, (gfp)&__GFP_DIRECT_RECLAIM ? (gfp) | __GFP_NOFAIL : (gfp))
#define mempool_free(p, pool) ((void)(pool), kfree(p))

static inline mempool_t *mempool_create_kmalloc_pool(int reserve, size_t bytes)
{
	mempool_t *pool = kmalloc(sizeof(*pool), GFP_KERNEL);

	if (pool)
		mempool_init_kmalloc_pool(pool, reserve, bytes);
	return pool;
}

#define mempool_destroy(pool) kfree(pool)

#endif
