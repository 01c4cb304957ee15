// SPDX-License-Identifier: GPL-2.0
/*
 * superpoke DEV OFFSET BYTES VALUE [nosum]
 *
 * Puts a little-endian number into the super block of DEV at an offset of
 * bcache-format.md section 2, and sets the checksum anew unless told not to.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <dm-bcache/format.h>

#include "lib/port.h"
#include "lib/verify.h"

static union {
	struct dmbc_disk_super sb;
	unsigned char bytes[DMBC_SB_BYTES];
} block;

int main(int argc, char **argv)
{
	off_t place = DMBC_SB_SECTOR * DMBC_SECTOR_BYTES;
	unsigned long long value;
	unsigned int offset, bytes;
	int fd;

	if (argc < 5) {
		fprintf(stderr, "usage: superpoke DEV OFFSET BYTES VALUE [nosum]\n");
		return 2;
	}
	offset = strtoul(argv[2], NULL, 0);
	bytes = strtoul(argv[3], NULL, 0);
	value = strtoull(argv[4], NULL, 0);
	fd = open(argv[1], O_RDWR);
	if (fd < 0 || pread(fd, &block, sizeof(block), place) != sizeof(block)) {
		perror(argv[1]);
		return 1;
	}
	for (; bytes-- && offset < sizeof(block); value >>= 8)
		block.bytes[offset++] = value;
	if (argc == 5 && __le16_to_cpu(block.sb.keys) <= DMBC_SB_MAX_JOURNAL)
		dmbc_verify_super_seal(&block.sb);
	if (pwrite(fd, &block, sizeof(block), place) != sizeof(block) || fsync(fd)) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
