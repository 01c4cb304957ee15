/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_DELAY_H
#define SHIM_LINUX_DELAY_H

#include <linux/jiffies.h>
#include "shim.h"

#define msleep(ms) sim_sleep(msecs_to_jiffies(ms))
#define fsleep(us) sim_sleep(usecs_to_jiffies(us))

#endif
