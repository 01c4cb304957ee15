// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the list of caches in use. One mutex; everything here is under it, also
 * the creation and destruction of sets and origins, which therefore never run
 * beside one another.
 */
#include "target/registry.h"

#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "cache/cache.h"
#include "lib/port.h"

struct used_set {
	struct list_head link;
	struct block_device *bdev;
	struct dmbc_set *set;
	unsigned int origins;
};

struct used_origin {
	struct list_head link;
	struct block_device *bdev; /* NULL: a volume */
	struct used_set *set;
	struct dmbc_origin *origin;
	const void *device; /* the mapped device that it belongs to */
	const void *table; /* the newest table that uses it */
	unsigned int users;
};

static DEFINE_MUTEX(lock);
static LIST_HEAD(sets);
static LIST_HEAD(origins);

static struct used_set *find_set(struct block_device *bdev)
{
	struct used_set *s;

	lockdep_assert_held(&lock);
	list_for_each_entry(s, &sets, link)
		if (s->bdev == bdev)
			return s;
	return NULL;
}

static struct used_origin *find_origin(struct block_device *bdev)
{
	struct used_origin *o;

	lockdep_assert_held(&lock);
	list_for_each_entry(o, &origins, link)
		if (o->bdev == bdev)
			return o;
	return NULL;
}

static struct used_set *make_set(struct block_device *bdev, struct dmbc_why *why)
{
	struct used_set *s = kzalloc(sizeof(*s), GFP_KERNEL);
	struct dmbc_why reason = {};
	int r;

	if (!s)
		return ERR_PTR(-ENOMEM);
	s->bdev = bdev;
	s->set = dmbc_set_create(bdev, &reason);
	if (IS_ERR(s->set)) {
		r = PTR_ERR(s->set);
		dmbc_explain(why, "SSD: %.100s", reason.text);
		kfree(s);
		return ERR_PTR(r);
	}
	list_add_tail(&s->link, &sets);
	return s;
}

static void drop_empty_set(struct used_set *s)
{
	if (s->origins)
		return;
	list_del(&s->link);
	dmbc_set_destroy(s->set);
	kfree(s);
}

static struct used_origin *make_origin(struct used_set *s, const struct dmbc_registry_ask *ask,
				       struct dmbc_why *why)
{
	struct used_origin *o = kzalloc(sizeof(*o), GFP_KERNEL);
	struct dmbc_why reason = {};
	int r;

	if (!o)
		return ERR_PTR(-ENOMEM);
	o->bdev = ask->origin.bdev;
	o->set = s;
	o->origin = dmbc_origin_create(s->set, &ask->origin, &reason);
	if (IS_ERR(o->origin)) {
		r = PTR_ERR(o->origin);
		dmbc_explain(why, "%s: %.100s", o->bdev ? "HDD" : "volume", reason.text);
		kfree(o);
		return ERR_PTR(r);
	}
	s->origins++;
	list_add_tail(&o->link, &origins);
	return o;
}

static bool is_same_id(const struct dmbc_origin *o, const struct dmbc_inplace_id *id)
{
	if (!id || !dmbc_origin_is_in_place(o))
		return !id && !dmbc_origin_is_in_place(o);
	return !memcmp(dmbc_origin_uuid(o), id->uuid, sizeof(id->uuid));
}

static struct used_origin *find_volume(const struct dmbc_registry_ask *ask)
{
	const char *name = ask->origin.volume.name;
	struct used_origin *o;

	lockdep_assert_held(&lock);
	list_for_each_entry(o, &origins, link)
		if (!o->bdev && o->set->bdev == ask->ssd &&
		    !strcmp(dmbc_volume_name(o->origin), name))
			return o;
	return NULL;
}

static int check_volume_reuse(const struct used_origin *o, const struct dmbc_registry_user *user,
			      struct dmbc_why *why)
{
	if (o->device == user->device && o->table != user->table)
		return 0;
	dmbc_explain(why, "volume %s is in use already", dmbc_volume_name(o->origin));
	return -EBUSY;
}

/* A reload: the same devices under the same mapped device, once in a table. */
static int check_reuse(const struct used_origin *o, const struct dmbc_registry_ask *ask,
		       const struct dmbc_registry_user *user, struct dmbc_why *why)
{
	if (o->device != user->device) {
		dmbc_explain(why, "HDD %pg is already cached by another target", o->bdev);
		return -EBUSY;
	}
	if (o->set->bdev != ask->ssd) {
		dmbc_explain(why, "HDD %pg is cached on %pg: remove that target first", o->bdev,
			     o->set->bdev);
		return -EBUSY;
	}
	if (!is_same_id(o->origin, ask->origin.id)) {
		dmbc_explain(why, "HDD %pg: its origin_id cannot change: remove the target first",
			     o->bdev);
		return -EBUSY;
	}
	if (o->table == user->table) {
		dmbc_explain(why, "HDD %pg is named twice in one table", o->bdev);
		return -EBUSY;
	}
	return 0;
}

static int check_roles(struct block_device *ssd, struct block_device *hdd, struct dmbc_why *why)
{
	if (ssd == hdd) {
		dmbc_explain(why, "SSD and HDD are the same device %pg", ssd);
		return -EINVAL;
	}
	if (find_set(hdd)) {
		dmbc_explain(why, "%pg is in use as an SSD: it cannot be the HDD", hdd);
		return -EBUSY;
	}
	if (find_origin(ssd)) {
		dmbc_explain(why, "%pg is in use as a HDD: it cannot be the SSD", ssd);
		return -EBUSY;
	}
	return 0;
}

static struct used_origin *create(const struct dmbc_registry_ask *ask, struct dmbc_why *why)
{
	struct used_set *s = find_set(ask->ssd);
	struct used_origin *o;

	if (!s)
		s = make_set(ask->ssd, why);
	if (IS_ERR(s))
		return ERR_CAST(s);
	o = make_origin(s, ask, why);
	if (IS_ERR(o))
		drop_empty_set(s);
	return o;
}

int dmbc_registry_get(const struct dmbc_registry_ask *ask, const struct dmbc_registry_user *user,
		      struct dmbc_origin **origin, struct dmbc_why *why)
{
	struct used_origin *o;
	int r;

	mutex_lock(&lock);
	r = check_roles(ask->ssd, ask->origin.bdev, why);
	if (r)
		goto out;
	o = ask->origin.bdev ? find_origin(ask->origin.bdev) : find_volume(ask);
	if (o && !o->bdev)
		r = check_volume_reuse(o, user, why);
	else if (o)
		r = check_reuse(o, ask, user, why);
	else
		o = create(ask, why);
	if (!r)
		r = PTR_ERR_OR_ZERO(o);
	if (r)
		goto out;
	o->users++;
	o->device = user->device;
	o->table = user->table;
	*origin = o->origin;
out:
	mutex_unlock(&lock);
	return r;
}

static struct used_origin *user_of(const struct dmbc_origin *origin)
{
	struct used_origin *o;

	list_for_each_entry(o, &origins, link)
		if (o->origin == origin)
			return o;
	return NULL;
}

void dmbc_registry_put(struct dmbc_origin *origin, const struct dmbc_registry_user *user)
{
	struct used_origin *o;

	mutex_lock(&lock);
	o = user_of(origin);
	if (WARN_ON_ONCE(!o))
		goto out;
	if (o->table == user->table)
		o->table = NULL;
	if (--o->users)
		goto out;
	list_del(&o->link);
	dmbc_origin_destroy(o->origin);
	o->set->origins--;
	drop_empty_set(o->set);
	kfree(o);
out:
	mutex_unlock(&lock);
}
