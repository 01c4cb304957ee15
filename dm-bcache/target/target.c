// SPDX-License-Identifier: GPL-2.0
/*
 * The target type: device-mapper's calls, each handed on.
 *
 * In time order: ctr() parses, opens the devices and finds or creates the cache;
 * it reads super blocks and writes nothing, for the table before may still be
 * live. preresume() makes this table's settings the live ones, loads and
 * attaches what is not yet; map() and end_io(); postsuspend(); dtr().
 */
#include <linux/device-mapper.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <dm-bcache/interface.h>

#include "cache/cache.h"
#include "compat/compat.h"
#include "lib/port.h"
#include "target/message.h"
#include "target/registry.h"
#include "target/status.h"
#include "target/table.h"

#define DM_MSG_PREFIX "bcache"

#define NR_ERROR_TEXTS 8

struct bcache_target {
	struct dm_target *ti;
	struct dm_dev *ssd, *hdd;
	struct dmbc_registry_user user;
	struct dmbc_origin *origin;
	struct dmbc_config config; /* its strings are gone after ctr() */
	bool applied; /* the configuration is the origin's: from here on it leads */
};

/*
 * dm prints ti->error right after ctr() and keeps no copy; a few buffers in
 * turn, so that constructors side by side do not spoil one another's.
 */
static char *error_text(const struct dmbc_why *why)
{
	static struct dmbc_why text[NR_ERROR_TEXTS];
	static atomic_t turn;
	struct dmbc_why *t = &text[(unsigned int)atomic_inc_return(&turn) % NR_ERROR_TEXTS];

	*t = *why;
	return t->text;
}

/* ---- life ------------------------------------------------------------------------- */

static void target_free(struct bcache_target *t)
{
	if (t->origin)
		dmbc_registry_put(t->origin, &t->user);
	if (t->hdd)
		dm_put_device(t->ti, t->hdd);
	if (t->ssd)
		dm_put_device(t->ti, t->ssd);
	kfree(t);
}

static int open_device(struct bcache_target *t, const char *what, const char *path,
		       struct dm_dev **dev, struct dmbc_why *why)
{
	int r = dm_get_device(t->ti, path, dm_table_get_mode(t->ti->table), dev);

	if (!r)
		return 0;
	*dev = NULL;
	dmbc_explain(why, "%s %.80s cannot be opened: error %d", what, path, r);
	return r;
}

/* Of the disk, or the words that stand for a volume. */
static const char *origin_name(const struct bcache_target *t)
{
	return t->hdd ? t->hdd->name : dmbc_volume_name(t->origin);
}

static int check_length(struct bcache_target *t, struct dmbc_why *why)
{
	u64 sectors = dmbc_origin_sectors(t->origin);

	if (t->ti->len <= sectors)
		return 0;
	dmbc_explain(why, "%llu sectors are too many: %s holds %llu",
		     (unsigned long long)t->ti->len, origin_name(t), (unsigned long long)sectors);
	return -EINVAL;
}

static int target_init(struct bcache_target *t, unsigned int argc, char **argv,
		       struct dmbc_why *why)
{
	struct dmbc_registry_ask ask = {};
	int r = dmbc_table_parse(&t->config, argc, argv, why);

	if (!r)
		r = open_device(t, "SSD", t->config.ssd, &t->ssd, why);
	if (!r && t->config.hdd)
		r = open_device(t, "HDD", t->config.hdd, &t->hdd, why);
	if (!r) {
		ask.ssd = t->ssd->bdev;
		ask.origin.bdev = t->hdd ? t->hdd->bdev : NULL;
		ask.origin.id = t->config.in_place ? &t->config.id : NULL;
		ask.origin.volume = t->config.volume;
		r = dmbc_registry_get(&ask, &t->user, &t->origin, why);
	}
	if (!r)
		r = check_length(t, why);
	return r;
}

static void describe(struct dm_target *ti)
{
	ti->num_flush_bios = 1;
	ti->flush_supported = true;
	ti->num_discard_bios = 1;
	ti->discards_supported = true;
	ti->limit_swap_bios = true;
	ti->accounts_remapped_io = true;
	ti->per_io_data_size = dmbc_cache_request_bytes();
}

static int bcache_ctr(struct dm_target *ti, unsigned int argc, char **argv)
{
	struct bcache_target *t = kzalloc(sizeof(*t), GFP_KERNEL);
	struct dmbc_why why = { "out of memory" };
	int r;

	if (!t) {
		ti->error = "out of memory";
		return -ENOMEM;
	}
	t->ti = ti;
	t->user.device = dm_table_get_md(ti->table);
	t->user.table = ti->table;
	r = target_init(t, argc, argv, &why);
	if (r) {
		ti->error = error_text(&why);
		target_free(t);
		return r;
	}
	describe(ti);
	ti->private = t;
	return 0;
}

static void bcache_dtr(struct dm_target *ti)
{
	target_free(ti->private);
}

static void state_changed(void *context)
{
	struct dm_target *ti = context;

	dm_table_event(ti->table);
}

static int bcache_preresume(struct dm_target *ti)
{
	struct bcache_target *t = ti->private;
	struct dmbc_why why = {};
	int r;

	if (!t->applied)
		dmbc_table_apply(&t->config, t->origin);
	WRITE_ONCE(t->applied, true);
	r = dmbc_origin_resume(t->origin, &why);
	if (!r)
		r = check_length(t, &why); /* only now known of a volume */
	if (r)
		DMERR("%s on %s: %s", origin_name(t), t->ssd->name, why.text);
	else
		dmbc_origin_listen(t->origin, state_changed, ti);
	return r;
}

/* Messages that take long hold the table, and so the suspend. */
static void bcache_presuspend(struct dm_target *ti)
{
	struct bcache_target *t = ti->private;

	dmbc_origin_hurry(t->origin, true);
}

static void bcache_presuspend_undo(struct dm_target *ti)
{
	struct bcache_target *t = ti->private;

	dmbc_origin_hurry(t->origin, false);
}

static void bcache_postsuspend(struct dm_target *ti)
{
	struct bcache_target *t = ti->private;

	dmbc_origin_listen(t->origin, NULL, NULL);
	dmbc_origin_suspend(t->origin);
}

/* ---- I/O ------------------------------------------------------------------------------ */

static int bcache_map(struct dm_target *ti, struct bio *bio)
{
	struct bcache_target *t = ti->private;

	return dmbc_cache_map(t->origin, bio, dm_per_bio_data(bio, ti->per_io_data_size),
			      dm_target_offset(ti, bio->bi_iter.bi_sector));
}

static int bcache_end_io(struct dm_target *ti, struct bio *bio, blk_status_t *error)
{
	return dmbc_cache_end_io(bio, dm_per_bio_data(bio, ti->per_io_data_size), error);
}

/* ---- control ---------------------------------------------------------------------------- */

/* A live table tells what is in force, a loaded one what it will bring. */
static void current_config(struct bcache_target *t, struct dmbc_config *c)
{
	*c = t->config;
	if (READ_ONCE(t->applied))
		dmbc_table_read(c, t->origin);
}

static void bcache_status(struct dm_target *ti, status_type_t type, unsigned int flags,
			  char *result, unsigned int maxlen)
{
	struct bcache_target *t = ti->private;
	struct dmbc_config c;
	unsigned int sz = 0;

	current_config(t, &c);
	switch (type) {
	case STATUSTYPE_INFO: dmbc_status_info(t->origin, result, maxlen); break;
	case STATUSTYPE_TABLE:
		dmbc_status_table(&c, t->ssd->name, origin_name(t), result, maxlen);
		break;
	case STATUSTYPE_IMA:
		DMEMIT_TARGET_NAME_VERSION(ti->type);
		dmbc_status_ima(&c, t->ssd->name, origin_name(t), result, maxlen);
		break;
	}
}

static int bcache_message(struct dm_target *ti, unsigned int argc, char **argv, char *result,
			  unsigned int maxlen)
{
	struct bcache_target *t = ti->private;

	return dmbc_message(t->origin, argc, argv, result, maxlen);
}

static int bcache_prepare_ioctl(DMBC_PREPARE_IOCTL_ARGS(ti, bdev))
{
	struct bcache_target *t = ti->private;

	*bdev = t->hdd ? t->hdd->bdev : t->ssd->bdev;
	return 1; /* only part of it is ours: no ioctl that writes without asking */
}

static int bcache_iterate_devices(struct dm_target *ti, iterate_devices_callout_fn fn, void *data)
{
	struct bcache_target *t = ti->private;
	int r = fn(ti, t->ssd, 0, bdev_nr_sectors(t->ssd->bdev), data);

	if (r || !t->hdd)
		return r;
	return fn(ti, t->hdd, dmbc_origin_data_offset(t->origin), ti->len, data);
}

static void bcache_io_hints(struct dm_target *ti, struct queue_limits *limits)
{
	struct bcache_target *t = ti->private;
	unsigned int block = max(limits->logical_block_size, dmbc_origin_block_bytes(t->origin));

	limits->logical_block_size = block;
	limits->physical_block_size = max(limits->physical_block_size, block);
	limits->io_min = max(limits->io_min, block);
	limits->io_opt = t->hdd ? bdev_io_opt(t->hdd->bdev) : 0;
	dmbc_set_discard_limits(limits, UINT_MAX >> SECTOR_SHIFT, block);
}

static struct target_type bcache_target_type = {
	.name = DMBC_TARGET_NAME,
	.version = { 1, 0, 0 },
	.features = DM_TARGET_NOWAIT, /* map() never blocks; what would is done by a worker */
	.module = THIS_MODULE,
	.ctr = bcache_ctr,
	.dtr = bcache_dtr,
	.map = bcache_map,
	.end_io = bcache_end_io,
	.preresume = bcache_preresume,
	.presuspend = bcache_presuspend,
	.presuspend_undo = bcache_presuspend_undo,
	.postsuspend = bcache_postsuspend,
	.status = bcache_status,
	.message = bcache_message,
	.prepare_ioctl = bcache_prepare_ioctl,
	.iterate_devices = bcache_iterate_devices,
	.io_hints = bcache_io_hints,
};

static int __init bcache_init(void)
{
	return dm_register_target(&bcache_target_type);
}

static void __exit bcache_exit(void)
{
	dm_unregister_target(&bcache_target_type);
}

module_init(bcache_init);
module_exit(bcache_exit);

MODULE_DESCRIPTION("device-mapper bcache target");
MODULE_LICENSE("GPL");
