/* SPDX-License-Identifier: GPL-2.0 */
/* A grace period ends as soon as no fiber is in a section. */
#ifndef SHIM_LINUX_RCUPDATE_H
#define SHIM_LINUX_RCUPDATE_H

#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/types.h>

void rcu_read_lock(void);
void rcu_read_unlock(void);
bool rcu_read_lock_held(void);
void synchronize_rcu(void); /* sleeps */
void rcu_barrier(void); /* sleeps */
void call_rcu(struct rcu_head *head, void (*fn)(struct rcu_head *head));

void shim_kfree_rcu(struct rcu_head *head, void *p);
#define kfree_rcu(p, member) shim_kfree_rcu(&(p)->member, p)
#define kvfree_rcu kfree_rcu

#define rcu_dereference(p) (shim_preempt(), READ_ONCE(p))
#define rcu_dereference_protected(p, condition) READ_ONCE(p)
#define rcu_dereference_check(p, condition) READ_ONCE(p)
#define rcu_access_pointer(p) READ_ONCE(p)
#define rcu_assign_pointer(p, value) WRITE_ONCE(p, value)
#define RCU_INIT_POINTER rcu_assign_pointer

#endif
