/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's reason for a refusal: device-mapper says it only in its log. */
#ifndef DMBC_KERNLOG_H
#define DMBC_KERNLOG_H

#include <stddef.h>

/* A place in the log, before the call that may fail; -1 where it cannot be read. */
int dmbc_kernlog_mark(void);
/* The last line of our target since then, without what is in front of the reason; "" for none. */
void dmbc_kernlog_reason(int mark, char *reason, size_t size);
void dmbc_kernlog_close(int mark);

#endif
