/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EXAMINE_H
#define EXAMINE_H

/*
 * What the offline tools say of the two disks that are served now, with no target on them.
 * $EXAMINE, from the test's script, is the command. 0, or -1 after what they say was printed.
 */
int examine(void);

#endif
