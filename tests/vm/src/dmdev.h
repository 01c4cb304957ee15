/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DMDEV_H
#define DMDEV_H

#include <stdint.h>

/*
 * Device-mapper devices with one "bcache" target, without starting dmsetup each
 * time: that is slow in an emulated machine. Names are those of the device; its
 * node is DMDEV_FOLDER and the name. All return 0, or -1.
 */
#define DMDEV_FOLDER "/run/"

void dmdev_init(void);
int dmdev_create(const char *name, uint64_t sectors, const char *arguments);
int dmdev_reload(const char *name, uint64_t sectors, const char *arguments);
int dmdev_message(const char *name, const char *message);
/* Tries again while it is in use, for five seconds. */
int dmdev_remove(const char *name);
/* The number after "field=" in the status line; -1 if there is none. */
long long dmdev_field(const char *name, const char *field);

#endif
