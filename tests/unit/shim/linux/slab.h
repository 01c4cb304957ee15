/* SPDX-License-Identifier: GPL-2.0 */
/* malloc underneath, so that the address sanitizer sees every object. */
#ifndef SHIM_LINUX_SLAB_H
#define SHIM_LINUX_SLAB_H

#include <linux/kernel.h>
#include <linux/types.h>

#define __GFP_ZERO 1U
#define __GFP_DIRECT_RECLAIM 2U
#define __GFP_NOFAIL 4U
#define __GFP_NOWARN 8U
#define __GFP_NORETRY 16U
#define __GFP_NOMEMALLOC 32U
#define __GFP_IO 64U
#define __GFP_FS 128U
#define __GFP_HIGH 256U
#define __GFP_RETRY_MAYFAIL 512U
#define __GFP_KSWAPD_RECLAIM 1024U
#define GFP_NOWAIT __GFP_KSWAPD_RECLAIM
#define GFP_ATOMIC (__GFP_HIGH | __GFP_KSWAPD_RECLAIM)
#define GFP_NOIO (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define GFP_NOFS (GFP_NOIO | __GFP_IO)
#define GFP_KERNEL (GFP_NOFS | __GFP_FS)

void *shim_kmalloc(size_t bytes, gfp_t gfp, const char *place);
void kfree(const void *p);
void *kmemdup(const void *p, size_t bytes, gfp_t gfp);

#define kmalloc(bytes, gfp) shim_kmalloc(bytes, gfp, SHIM_PLACE)
#define kzalloc(bytes, gfp) kmalloc(bytes, (gfp) | __GFP_ZERO)
#define kmalloc_array(n, bytes, gfp) kmalloc((size_t)(n) * (bytes), gfp)
#define kcalloc(n, bytes, gfp) kmalloc_array(n, bytes, (gfp) | __GFP_ZERO)
#define kvmalloc kmalloc
#define kvzalloc kzalloc
#define kvmalloc_array kmalloc_array
#define kvcalloc kcalloc
#define kvfree kfree
#define kfree_sensitive kfree
#define vmalloc(bytes) kmalloc(bytes, GFP_KERNEL)
#define vzalloc(bytes) kzalloc(bytes, GFP_KERNEL)
#define __vmalloc kmalloc
#define vfree kfree
#define is_vmalloc_addr(p) false

struct kmem_cache {
	size_t bytes;
};

struct kmem_cache *kmem_cache_create(const char *name, unsigned int bytes, unsigned int align,
				     unsigned int flags, void (*constructor)(void *object));
#define KMEM_CACHE(type, flags) kmem_cache_create(#type, sizeof(struct type), 0, flags, NULL)
#define kmem_cache_destroy(c) kfree(c)
#define kmem_cache_alloc(c, gfp) kmalloc((c)->bytes, gfp)
#define kmem_cache_zalloc(c, gfp) kzalloc((c)->bytes, gfp)
#define kmem_cache_free(c, p) ((void)(c), kfree(p))

#define totalram_pages() (1UL << 18)

#endif
