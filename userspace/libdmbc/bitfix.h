/* SPDX-License-Identifier: GPL-2.0 */
/* One wrong bit under a CRC-64 can be found: its effect on the checksum is like no other's. */
#ifndef DMBC_BITFIX_H
#define DMBC_BITFIX_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A structure that begins with its checksum over bytes 8 to @bytes, seeded with
 * @seed: sets right the one bit that is wrong, in the checksum or behind it.
 * False, and nothing changed, if no single bit explains the checksum.
 */
bool dmbc_bitfix_run(void *structure, size_t bytes, __u64 seed);

#endif
