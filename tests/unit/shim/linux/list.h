/* SPDX-License-Identifier: GPL-2.0 */
/* Doubly linked rings and hash chains. Deleted links are poisoned, so that using one crashes. */
#ifndef SHIM_LINUX_LIST_H
#define SHIM_LINUX_LIST_H

#include <linux/kernel.h>
#include <linux/types.h>

#define SHIM_POISON ((void *)0x100)
#define LIST_HEAD_INIT(name)                                                                       \
	{                                                                                          \
		&(name), &(name)                                                                   \
	}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *l)
{
	l->next = l->prev = l;
}

static inline void shim_list_link(struct list_head *l, struct list_head *prev,
				  struct list_head *next)
{
	if (prev->next != next || next->prev != prev || l == prev || l == next)
		shim_die(SHIM_PLACE, "broken list or double add");
	l->prev = prev;
	l->next = next;
	prev->next = next->prev = l;
}

static inline void list_add(struct list_head *l, struct list_head *head)
{
	shim_list_link(l, head, head->next);
}

static inline void list_add_tail(struct list_head *l, struct list_head *head)
{
	shim_list_link(l, head->prev, head);
}

static inline void shim_list_unlink(struct list_head *l)
{
	if (l->prev->next != l || l->next->prev != l)
		shim_die(SHIM_PLACE, "broken list or double delete");
	l->prev->next = l->next;
	l->next->prev = l->prev;
}

static inline void list_del(struct list_head *l)
{
	shim_list_unlink(l);
	l->next = l->prev = SHIM_POISON;
}

static inline void list_del_init(struct list_head *l)
{
	shim_list_unlink(l);
	INIT_LIST_HEAD(l);
}

static inline void list_move(struct list_head *l, struct list_head *head)
{
	shim_list_unlink(l);
	list_add(l, head);
}

static inline void list_move_tail(struct list_head *l, struct list_head *head)
{
	shim_list_unlink(l);
	list_add_tail(l, head);
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

#define list_empty_careful list_empty

static inline bool list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

static inline bool list_is_last(const struct list_head *l, const struct list_head *head)
{
	return l->next == head;
}

static inline bool list_is_head(const struct list_head *l, const struct list_head *head)
{
	return l == head;
}

static inline void list_splice_tail(struct list_head *from, struct list_head *head)
{
	if (list_empty(from))
		return;
	from->next->prev = head->prev;
	head->prev->next = from->next;
	from->prev->next = head;
	head->prev = from->prev;
}

static inline void list_splice_tail_init(struct list_head *from, struct list_head *head)
{
	list_splice_tail(from, head);
	INIT_LIST_HEAD(from);
}

static inline void list_splice(struct list_head *from, struct list_head *head)
{
	list_splice_tail(from, head->next);
}

static inline void list_splice_init(struct list_head *from, struct list_head *head)
{
	list_splice(from, head);
	INIT_LIST_HEAD(from);
}

static inline void list_replace_init(struct list_head *old, struct list_head *l)
{
	INIT_LIST_HEAD(l);
	list_splice_init(old, l);
}

#define list_entry container_of
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) list_entry((head)->prev, type, member)
#define list_next_entry(p, member) list_entry((p)->member.next, __typeof__(*(p)), member)
#define list_prev_entry(p, member) list_entry((p)->member.prev, __typeof__(*(p)), member)
#define list_first_entry_or_null(head, type, member)                                               \
	(list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_entry_is_head(p, head, member) (&(p)->member == (head))
#define list_for_each(l, head) for ((l) = (head)->next; (l) != (head); (l) = (l)->next)
#define list_for_each_entry(p, head, member)                                                       \
	for ((p) = list_first_entry(head, __typeof__(*(p)), member); &(p)->member != (head);       \
	     (p) = list_next_entry(p, member))
#define list_for_each_entry_reverse(p, head, member)                                               \
	for ((p) = list_last_entry(head, __typeof__(*(p)), member); &(p)->member != (head);        \
	     (p) = list_prev_entry(p, member))
#define list_for_each_entry_continue(p, head, member)                                              \
	for ((p) = list_next_entry(p, member); &(p)->member != (head);                             \
	     (p) = list_next_entry(p, member))
#define list_for_each_entry_safe(p, n, head, member)                                               \
	for ((p) = list_first_entry(head, __typeof__(*(p)), member),                               \
	    (n) = list_next_entry(p, member);                                                      \
	     &(p)->member != (head); (p) = (n), (n) = list_next_entry(n, member))
#define list_for_each_entry_safe_reverse(p, n, head, member)                                       \
	for ((p) = list_last_entry(head, __typeof__(*(p)), member),                                \
	    (n) = list_prev_entry(p, member);                                                      \
	     &(p)->member != (head); (p) = (n), (n) = list_prev_entry(n, member))

#define HLIST_HEAD_INIT                                                                            \
	{                                                                                          \
		NULL                                                                               \
	}
#define HLIST_HEAD(name) struct hlist_head name = HLIST_HEAD_INIT
#define INIT_HLIST_HEAD(head) ((head)->first = NULL)

static inline void INIT_HLIST_NODE(struct hlist_node *n)
{
	n->next = NULL;
	n->pprev = NULL;
}

static inline bool hlist_unhashed(const struct hlist_node *n)
{
	return !n->pprev;
}

static inline bool hlist_empty(const struct hlist_head *head)
{
	return !head->first;
}

static inline void hlist_add_head(struct hlist_node *n, struct hlist_head *head)
{
	n->next = head->first;
	if (n->next)
		n->next->pprev = &n->next;
	n->pprev = &head->first;
	head->first = n;
}

static inline void shim_hlist_unlink(struct hlist_node *n)
{
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
}

static inline void hlist_del(struct hlist_node *n)
{
	shim_hlist_unlink(n);
	n->next = SHIM_POISON;
	n->pprev = SHIM_POISON;
}

static inline void hlist_del_init(struct hlist_node *n)
{
	if (hlist_unhashed(n))
		return;
	shim_hlist_unlink(n);
	INIT_HLIST_NODE(n);
}

#define hlist_entry container_of
#define hlist_entry_safe(p, type, member)                                                          \
	({                                                                                         \
		struct hlist_node *hlist_p = (p);                                                  \
		hlist_p ? hlist_entry(hlist_p, type, member) : NULL;                               \
	})
#define hlist_for_each_entry(p, head, member)                                                      \
	for ((p) = hlist_entry_safe((head)->first, __typeof__(*(p)), member); p;                   \
	     (p) = hlist_entry_safe((p)->member.next, __typeof__(*(p)), member))
#define hlist_for_each_entry_safe(p, n, head, member)                                              \
	for ((p) = hlist_entry_safe((head)->first, __typeof__(*(p)), member);                      \
	     p && ((n) = (p)->member.next, true);                                                  \
	     (p) = hlist_entry_safe(n, __typeof__(*(p)), member))

#endif
