// SPDX-License-Identifier: GPL-2.0
/* The prio set verifier. The caller always gives a whole metadata bucket. */
#include "lib_mutate.h"

static size_t seed_input(__u8 *buf)
{
	struct dmbc_geometry g = fixture_geometry();
	struct dmbc_disk_prio_set *p = (void *)buf;
	__u32 i, bytes = g.meta_sectors * DMBC_SECTOR_BYTES;

	p->magic = __cpu_to_le64(g.set_magic ^ DMBC_PSET_MAGIC);
	p->seq = __cpu_to_le64(3);
	for (i = 0; i < (bytes - sizeof(*p)) / sizeof(p->data[0]); i++)
		p->data[i].gen = i;
	p->csum = __cpu_to_le64(dmbc_checksum(buf + 8, bytes - 8));
	return bytes;
}

static void repair_input(__u8 *buf, size_t bytes)
{
	struct dmbc_disk_prio_set *p = (void *)buf;

	if (bytes >= sizeof(*p))
		p->csum = __cpu_to_le64(dmbc_checksum(buf + 8, bytes - 8));
}

static bool run_input(const __u8 *buf, size_t bytes)
{
	struct dmbc_geometry g = fixture_geometry();
	struct dmbc_why why;

	if (bytes < g.meta_sectors * DMBC_SECTOR_BYTES)
		return false;
	return !dmbc_verify_prio_set(&g, buf, &why);
}
