// SPDX-License-Identifier: GPL-2.0
/* The mark of setmark.h: one key, its pointer word packed by payload(). */
#include "lib/setmark.h"

#include "lib/checksum.h"

#define SEQ_BITS 32
#define CHECK_BITS 19 /* with the sequence number they fill the bits below the device's */
#define CHECK_DEV (4095ULL << (SEQ_BITS + CHECK_BITS))
#define HIGH (DMBC_KEY_MARK | 1ULL << 60) /* one pointer, no size */

static __u64 payload(const struct dmbc_setmark_node *n, __u32 seq)
{
	__le64 said[3] = { __cpu_to_le64(n->seq), __cpu_to_le64(n->ptr_word), __cpu_to_le64(seq) };
	__u64 check = dmbc_checksum(said, sizeof(said)) >> (64 - CHECK_BITS);

	return CHECK_DEV | check << SEQ_BITS | seq;
}

void dmbc_setmark_pack(__le64 *words, const struct dmbc_setmark_node *n, __u64 journal_seq)
{
	words[0] = __cpu_to_le64(HIGH);
	words[1] = 0;
	words[2] = __cpu_to_le64(payload(n, journal_seq));
}

bool dmbc_setmark_since(const __le64 *words, __u32 avail, const struct dmbc_setmark_node *n,
			__u64 from)
{
	__u32 seq;

	if (avail < DMBC_SETMARK_WORDS || __le64_to_cpu(words[0]) != HIGH || words[1])
		return false;
	seq = __le64_to_cpu(words[2]);
	return __le64_to_cpu(words[2]) == payload(n, seq) && (__s32)(seq - (__u32)from) >= 0;
}
