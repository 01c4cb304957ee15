/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_RCULIST_H
#define SHIM_LINUX_RCULIST_H

#include <linux/list.h>
#include <linux/rcupdate.h>

#define hlist_add_head_rcu hlist_add_head
#define list_add_rcu list_add
#define list_add_tail_rcu list_add_tail

/* Readers may stand on the node: its next stays. */
static inline void hlist_del_rcu(struct hlist_node *n)
{
	shim_hlist_unlink(n);
	n->pprev = SHIM_POISON;
}

static inline void hlist_del_init_rcu(struct hlist_node *n)
{
	if (hlist_unhashed(n))
		return;
	shim_hlist_unlink(n);
	n->pprev = NULL;
}

static inline void list_del_rcu(struct list_head *l)
{
	shim_list_unlink(l);
	l->prev = SHIM_POISON;
}

/* Each step is a place where another fiber may step in. */
#define hlist_for_each_entry_rcu(p, head, member, ...)                                             \
	for ((p) = hlist_entry_safe((head)->first, __typeof__(*(p)), member);                      \
	     p && (shim_preempt(), true);                                                          \
	     (p) = hlist_entry_safe((p)->member.next, __typeof__(*(p)), member))
#define list_for_each_entry_rcu list_for_each_entry

#endif
