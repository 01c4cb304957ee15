/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MAINLINE_H
#define MAINLINE_H

/* The kernel's own bcache, one cache at a time. All return 0, or -1 after a message. */

/* Its device becomes @node. */
int mainline_start(const char *ssd, const char *hdd, const char *node);
/* What dm-bcache understands as a message, where mainline has something like it. */
int mainline_message(const char *what);
int mainline_stop(void);

#endif
