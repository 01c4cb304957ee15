// SPDX-License-Identifier: GPL-2.0
/*
 * Foreign data on a device: file systems, RAID members, partition tables, and
 * bcache itself. Finding and erasing are libblkid's; this file picks the
 * options and the words.
 */
#include "internal.h"

#include "lib/verify.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>

/* More than any device carries: a medium that takes writes and keeps its data ends here. */
#define MAX_SIGNATURES 64

/* NULL: see @err. */
static blkid_probe probe_new(struct dmbc_device *dev, struct dmbc_error *err)
{
	blkid_probe probe = blkid_new_probe();

	if (probe && !blkid_probe_set_device(probe, dmbc_device_fd(dev), 0, 0) &&
	    !blkid_probe_enable_superblocks(probe, 1) &&
	    !blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL |
							      BLKID_SUBLKS_MAGIC |
							      BLKID_SUBLKS_BADCSUM) &&
	    !blkid_probe_enable_partitions(probe, 1) &&
	    !blkid_probe_set_partitions_flags(probe, BLKID_PARTS_MAGIC))
		return probe;
	dmbc_error_set(err, DMBC_IO, "%s: libblkid cannot look at it; check the device",
		       dmbc_device_path(dev));
	blkid_free_probe(probe);
	return NULL;
}

/* "ext4", "gpt partition table": the signature that the probe stands at. */
static void name_signature(blkid_probe probe, char *name, size_t size)
{
	const char *value;
	char text[DMBC_LABEL_TEXT];
	__u8 label[DMBC_SB_LABEL_BYTES] = { 0 };
	size_t used;

	if (!blkid_probe_lookup_value(probe, "TYPE", &value, NULL))
		snprintf(name, size, "%s", value);
	else if (!blkid_probe_lookup_value(probe, "PTTYPE", &value, NULL))
		snprintf(name, size, "%s partition table", value);
	else
		snprintf(name, size, "unknown signature");
	if (!blkid_probe_lookup_value(probe, "LABEL", &value, NULL)) {
		memcpy(label, value, strnlen(value, sizeof(label)));
		dmbc_text_label(label, text);
		used = strlen(name);
		snprintf(name + used, size - used, " \"%s\"", text);
	}
}

/*
 * NULL when there is no bcache super block. libblkid wants a good checksum of
 * it; here a damaged one counts as well, and what would be lost is named.
 */
static const char *name_bcache(struct dmbc_device *dev)
{
	struct dmbc_disk_super sb;
	struct dmbc_error ignored;

	if (dmbc_device_read_super(dev, &sb, &ignored) != DMBC_OK || !dmbc_verify_super_magic(&sb))
		return NULL;
	if (!dmbc_verify_super_is_backing(&sb))
		return dmbc_sb_flag(&sb, DMBC_SB_SYNC_SHIFT, DMBC_SB_SYNC_BITS)
			       ? "bcache cache device, perhaps with data that is nowhere else"
			       : "bcache cache device, never used";
	return dmbc_sb_flag(&sb, DMBC_SB_STATE_SHIFT, DMBC_SB_STATE_BITS) == DMBC_STATE_DIRTY
		       ? "bcache backing device, with newer data in its cache"
		       : "bcache backing device";
}

enum dmbc_result dmbc_signature_refuse(struct dmbc_device *dev, struct dmbc_error *err)
{
	blkid_probe probe = probe_new(dev, err);
	const char *bcache = name_bcache(dev);
	char name[256] = "";
	int ret;

	if (!probe)
		return DMBC_IO;
	ret = blkid_do_probe(probe);
	if (bcache)
		snprintf(name, sizeof(name), "%s", bcache);
	else if (ret == 0)
		name_signature(probe, name, sizeof(name));
	blkid_free_probe(probe);
	if (*name)
		return dmbc_error_set(err, DMBC_REFUSED,
				      "%s: holds data: %s; add --force to destroy it",
				      dmbc_device_path(dev), name);
	if (ret < 0)
		return dmbc_error_set(err, DMBC_IO,
				      "%s: libblkid cannot read it; "
				      "check the device and the kernel log",
				      dmbc_device_path(dev));
	return DMBC_OK;
}

enum dmbc_result dmbc_signature_wipe(struct dmbc_device *dev, unsigned int *wiped,
				     struct dmbc_error *err)
{
	blkid_probe probe = probe_new(dev, err);
	bool partitions = false;
	int ret;

	*wiped = 0;
	if (!probe)
		return DMBC_IO;
	while ((ret = blkid_do_probe(probe)) == 0 && *wiped < MAX_SIGNATURES) {
		partitions |= blkid_probe_has_value(probe, "PTTYPE");
		ret = blkid_do_wipe(probe, 0);
		if (ret)
			break;
		++*wiped;
	}
	blkid_free_probe(probe);
	if (ret != 1)
		return dmbc_error_set(err, DMBC_IO,
				      "%s: cannot erase its signatures; "
				      "try wipefs -a",
				      dmbc_device_path(dev));
	/* Only a whole disk has partitions to forget; anything else says so and is right. */
	if (partitions)
		(void)ioctl(dmbc_device_fd(dev), BLKRRPART);
	return DMBC_OK;
}
