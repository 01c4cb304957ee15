// SPDX-License-Identifier: GPL-2.0
/*
 * Which nodes stay in memory: second chance over the LRU list.
 *
 * take_victims() walks the list from its front. A node used since the last look
 * goes to the back; interior nodes, held and locked ones are passed over, dirty
 * ones are handed out to be appended and are evicted when they come round
 * again. A victim's write lock is only tried for: nobody is kept waiting.
 */
#include <linux/list.h>

#include "store/node_internal.h"

#define VICTIMS 16
#define LOOK_AT 128 /* nodes at most in one go: the spinlock is held */

struct victims {
	struct dmbc_node *node[VICTIMS]; /* held, locked for writing */
	struct dmbc_node *dirty[VICTIMS]; /* held */
	unsigned int nr, nr_dirty;
};

/* Leaves that memory has room for. */
static __u32 leaves_allowed(const struct dmbc_nodes *ns)
{
	__u32 interior = READ_ONCE(ns->nodes) - READ_ONCE(ns->leaves);

	if (ns->cap_nodes < interior + DMBC_NODES_MIN_LEAVES)
		return DMBC_NODES_MIN_LEAVES;
	return ns->cap_nodes - interior;
}

/* Under ns->lock. */
static void consider(struct dmbc_nodes *ns, struct dmbc_node *n, struct victims *v)
{
	list_move_tail(&n->lru, &ns->lru);
	if (n->used) {
		n->used = false;
		return;
	}
	if (n->level || n->holds || n->appending)
		return;
	if (!list_empty(&n->dirty)) {
		if (v->nr_dirty < VICTIMS) {
			n->holds++;
			v->dirty[v->nr_dirty++] = n;
		}
		return;
	}
	if (!down_write_trylock(&n->lock))
		return;
	n->holds++;
	ns->evictions++;
	v->node[v->nr++] = n;
}

static void take_victims(struct dmbc_nodes *ns, struct victims *v, unsigned long want)
{
	unsigned int looked;

	v->nr = 0;
	v->nr_dirty = 0;
	spin_lock(&ns->lock);
	for (looked = 0; looked < LOOK_AT && v->nr < VICTIMS && v->nr < want; looked++) {
		if (list_empty(&ns->lru))
			break;
		consider(ns, list_first_entry(&ns->lru, struct dmbc_node, lru), v);
	}
	spin_unlock(&ns->lock);
}

static void free_victims(struct victims *v)
{
	unsigned int i;

	for (i = 0; i < v->nr; i++)
		dmbc_nodes_bury(v->node[i]);
}

static void put_dirty(struct victims *v, bool append)
{
	unsigned int i;

	for (i = 0; i < v->nr_dirty; i++) {
		struct dmbc_node *n = v->dirty[i];

		if (append && dmbc_node_lock_write(n)) {
			dmbc_nodes_append(n);
			dmbc_node_unlock_write(n);
		}
		dmbc_node_put(n);
	}
}

/* Leaves beyond what memory has room for; racy. */
static __u32 excess(const struct dmbc_nodes *ns)
{
	__u32 leaves = READ_ONCE(ns->leaves), allowed = leaves_allowed(ns);

	return leaves > allowed ? leaves - allowed : 0;
}

void dmbc_nodes_balance(struct dmbc_nodes *ns)
{
	unsigned int rounds;
	struct victims v;

	for (rounds = 0; rounds < 4 && excess(ns); rounds++) {
		take_victims(ns, &v, excess(ns));
		free_victims(&v);
		put_dirty(&v, true);
	}
}

unsigned long dmbc_nodes_count(struct dmbc_nodes *ns)
{
	__u32 leaves = READ_ONCE(ns->leaves);

	return leaves > DMBC_NODES_MIN_LEAVES ? leaves - DMBC_NODES_MIN_LEAVES : 0;
}

unsigned long dmbc_nodes_shrink(struct dmbc_nodes *ns, unsigned long nr)
{
	unsigned long freed = 0;
	struct victims v;

	while (freed < nr && dmbc_nodes_count(ns)) {
		take_victims(ns, &v, nr - freed);
		free_victims(&v);
		put_dirty(&v, false);
		freed += v.nr;
		if (!v.nr)
			break;
	}
	return freed;
}
