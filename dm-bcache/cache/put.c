// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the queue of index changes and the worker that applies it.
 *
 * In time order: dmbc_put_queue() from completions; dmbc_put_work() takes all
 * that has gathered, oldest first; sees that every origin that is about to get
 * its first dirty key is marked dirty durably; hands batches to the index;
 * calls each one's done().
 */
#include <linux/llist.h>

#include "cache/context.h"
#include "cache/gc.h"
#include "cache/origin.h"
#include "cache/put.h"
#include "cache/settle.h"

#define PUT_BATCH 32

void dmbc_put_queue(struct dmbc_set *set, struct dmbc_put *put)
{
	if (llist_add(&put->node, &set->insert_list))
		queue_work(set->insert_wq, &set->insert_work);
}

/* First dirty key of an origin: the promise on its super block comes first. */
static void prepare_dirty(struct dmbc_put *put)
{
	struct dmbc_origin *o = put->origin;

	if (!dmbc_key_dirty(&put->insert.key) || READ_ONCE(o->dirty_marked))
		return;
	if (dmbc_origin_mark_dirty(o))
		put->insert.error = -EIO;
}

/* Clean keys: fills, and the SSD's copy of a write to both. */
static void prepare_clean(struct dmbc_put *put)
{
	const struct dmbc_key *k = &put->insert.key;

	if (dmbc_key_has_ptr(k) && !dmbc_key_dirty(k))
		dmbc_settle_note_clean(put->origin);
}

/* What is put on the SSD brings the next gc pass nearer. */
static void tell_gc(struct dmbc_set *set, struct dmbc_insert **ops, u32 nr)
{
	u32 sectors = 0, i;

	for (i = 0; i < nr; i++)
		if (dmbc_key_has_ptr(&ops[i]->key))
			sectors += ops[i]->applied;
	dmbc_gc_inserted(set->gc, sectors);
}

static struct llist_node *apply_batch(struct dmbc_set *set, struct llist_node *node)
{
	struct dmbc_insert *ops[PUT_BATCH];
	struct dmbc_put *puts[PUT_BATCH];
	u32 nr_ops = 0, nr_puts = 0, i;

	while (node && nr_puts < PUT_BATCH) {
		struct dmbc_put *put = llist_entry(node, struct dmbc_put, node);

		node = node->next;
		put->insert.error = 0;
		put->insert.applied = 0;
		prepare_dirty(put);
		prepare_clean(put);
		puts[nr_puts++] = put;
		if (!put->insert.error)
			ops[nr_ops++] = &put->insert;
	}
	if (nr_ops) {
		dmbc_index_insert(set->store.index, ops, nr_ops);
		tell_gc(set, ops, nr_ops);
	}
	for (i = 0; i < nr_puts; i++)
		puts[i]->done(puts[i]);
	return node;
}

void dmbc_put_work(struct work_struct *work)
{
	struct dmbc_set *set = container_of(work, struct dmbc_set, insert_work);
	struct llist_node *node = llist_reverse_order(llist_del_all(&set->insert_list));

	while (node) {
		down_read(&set->dirty_gate);
		node = apply_batch(set, node);
		up_read(&set->dirty_gate);
		cond_resched();
	}
}
