/* SPDX-License-Identifier: GPL-2.0 */
/* Atomic in one thread; each operation is a place where another fiber may step in first. */
#ifndef SHIM_LINUX_ATOMIC_H
#define SHIM_LINUX_ATOMIC_H

#include <linux/compiler.h>
#include <linux/types.h>

#define ATOMIC_INIT(i)                                                                             \
	{                                                                                          \
		(i)                                                                                \
	}
#define ATOMIC64_INIT(i)                                                                           \
	{                                                                                          \
		(i)                                                                                \
	}

#define SHIM_ATOMIC_OPS(name, atype, type)                                                         \
	static inline type name##_read(const atype *v)                                             \
	{                                                                                          \
		shim_preempt();                                                                    \
		return READ_ONCE(v->counter);                                                      \
	}                                                                                          \
	static inline void name##_set(atype *v, type i)                                            \
	{                                                                                          \
		shim_preempt();                                                                    \
		v->counter = i;                                                                    \
	}                                                                                          \
	static inline type name##_fetch_add(type i, atype *v)                                      \
	{                                                                                          \
		type old;                                                                          \
                                                                                                   \
		shim_preempt();                                                                    \
		old = v->counter;                                                                  \
		v->counter = old + i;                                                              \
		return old;                                                                        \
	}                                                                                          \
	static inline type name##_xchg(atype *v, type i)                                           \
	{                                                                                          \
		type old;                                                                          \
                                                                                                   \
		shim_preempt();                                                                    \
		old = v->counter;                                                                  \
		v->counter = i;                                                                    \
		return old;                                                                        \
	}                                                                                          \
	static inline type name##_cmpxchg(atype *v, type expected, type i)                         \
	{                                                                                          \
		type old;                                                                          \
                                                                                                   \
		shim_preempt();                                                                    \
		old = v->counter;                                                                  \
		if (old == expected)                                                               \
			v->counter = i;                                                            \
		return old;                                                                        \
	}                                                                                          \
	static inline bool name##_try_cmpxchg(atype *v, type *expected, type i)                    \
	{                                                                                          \
		type old = name##_cmpxchg(v, *expected, i);                                        \
		bool done = old == *expected;                                                      \
                                                                                                   \
		*expected = old;                                                                   \
		return done;                                                                       \
	}                                                                                          \
	static inline bool name##_add_unless(atype *v, type i, type unless)                        \
	{                                                                                          \
		shim_preempt();                                                                    \
		if (v->counter == unless)                                                          \
			return false;                                                              \
		v->counter += i;                                                                   \
		return true;                                                                       \
	}                                                                                          \
	static inline type name##_dec_if_positive(atype *v)                                        \
	{                                                                                          \
		shim_preempt();                                                                    \
		return v->counter > 0 ? --v->counter : v->counter - 1;                             \
	}                                                                                          \
	static inline void name##_add(type i, atype *v)                                            \
	{                                                                                          \
		name##_fetch_add(i, v);                                                            \
	}                                                                                          \
	static inline void name##_sub(type i, atype *v)                                            \
	{                                                                                          \
		name##_fetch_add(-i, v);                                                           \
	}                                                                                          \
	static inline void name##_inc(atype *v)                                                    \
	{                                                                                          \
		name##_fetch_add(1, v);                                                            \
	}                                                                                          \
	static inline void name##_dec(atype *v)                                                    \
	{                                                                                          \
		name##_fetch_add(-1, v);                                                           \
	}                                                                                          \
	static inline type name##_add_return(type i, atype *v)                                     \
	{                                                                                          \
		return name##_fetch_add(i, v) + i;                                                 \
	}                                                                                          \
	static inline type name##_sub_return(type i, atype *v)                                     \
	{                                                                                          \
		return name##_fetch_add(-i, v) - i;                                                \
	}                                                                                          \
	static inline type name##_inc_return(atype *v)                                             \
	{                                                                                          \
		return name##_fetch_add(1, v) + 1;                                                 \
	}                                                                                          \
	static inline type name##_dec_return(atype *v)                                             \
	{                                                                                          \
		return name##_fetch_add(-1, v) - 1;                                                \
	}                                                                                          \
	static inline bool name##_dec_and_test(atype *v)                                           \
	{                                                                                          \
		return name##_dec_return(v) == 0;                                                  \
	}                                                                                          \
	static inline bool name##_sub_and_test(type i, atype *v)                                   \
	{                                                                                          \
		return name##_sub_return(i, v) == 0;                                               \
	}                                                                                          \
	static inline bool name##_inc_not_zero(atype *v)                                           \
	{                                                                                          \
		return name##_add_unless(v, 1, 0);                                                 \
	}

SHIM_ATOMIC_OPS(atomic, atomic_t, int)
SHIM_ATOMIC_OPS(atomic64, atomic64_t, s64)

typedef atomic64_t atomic_long_t;
#define atomic_long_read atomic64_read
#define atomic_long_set atomic64_set
#define atomic_long_add atomic64_add
#define atomic_long_sub atomic64_sub
#define atomic_long_inc atomic64_inc
#define atomic_long_dec atomic64_dec
#define atomic_long_add_return atomic64_add_return
#define atomic_read_acquire atomic_read
#define atomic_set_release atomic_set
#define atomic_dec_return_release atomic_dec_return
#define atomic_fetch_sub(i, v) atomic_fetch_add(-(i), v)
#define atomic64_fetch_sub(i, v) atomic64_fetch_add(-(i), v)
#define atomic_fetch_inc(v) atomic_fetch_add(1, v)
#define atomic_fetch_dec(v) atomic_fetch_add(-1, v)

#define xchg(p, value)                                                                             \
	({                                                                                         \
		__typeof__(*(p)) xchg_old;                                                         \
		shim_preempt();                                                                    \
		xchg_old = *(p);                                                                   \
		*(p) = (value);                                                                    \
		xchg_old;                                                                          \
	})
#define cmpxchg(p, expected, value)                                                                \
	({                                                                                         \
		__typeof__(*(p)) cmpxchg_old;                                                      \
		shim_preempt();                                                                    \
		cmpxchg_old = *(p);                                                                \
		if (cmpxchg_old == (expected))                                                     \
			*(p) = (value);                                                            \
		cmpxchg_old;                                                                       \
	})

#endif
