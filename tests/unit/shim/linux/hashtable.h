/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_HASHTABLE_H
#define SHIM_LINUX_HASHTABLE_H

#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/rculist.h>

#define DECLARE_HASHTABLE(name, bits) struct hlist_head name[1 << (bits)]
#define HASH_BITS(name) ilog2(ARRAY_SIZE(name))
#define hash_init(table) memset(table, 0, sizeof(table))
#define hash_add(table, node, key) hlist_add_head(node, &(table)[hash_64(key, HASH_BITS(table))])
#define hash_add_rcu hash_add
#define hash_del hlist_del_init
#define hash_del_rcu hlist_del_rcu
#define hash_for_each_possible(table, p, member, key)                                              \
	hlist_for_each_entry(p, &(table)[hash_64(key, HASH_BITS(table))], member)
#define hash_for_each_possible_rcu hash_for_each_possible

#endif
