/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/kernel.h>
#define MODULE_LICENSE(x)
#define EXPORT_SYMBOL_GPL(x)
#define module_param_named(a, b, c, d)
