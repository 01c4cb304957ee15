/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_STRING_H
#define SHIM_LINUX_STRING_H

#include <stdio.h>
#include <string.h>
#include <linux/types.h>

#define memzero_explicit(p, n) memset(p, 0, n)

static inline void *memchr_inv(const void *p, int c, size_t bytes)
{
	const unsigned char *b = p;

	for (; bytes; bytes--, b++)
		if (*b != (unsigned char)c)
			return (void *)b;
	return NULL;
}

static inline ssize_t strscpy(char *to, const char *from, size_t size)
{
	int n = snprintf(to, size, "%s", from);

	return n < (int)size ? n : -7;
}

#endif
