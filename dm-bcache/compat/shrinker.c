// SPDX-License-Identifier: GPL-2.0
/* Shrinkers were embedded structures once; newer kernels allocate them. */
#include "compat/compat.h"

#ifdef HAVE_SHRINKER_ALLOC

static struct dmbc_shrinker *owner(struct shrinker *shrinker)
{
	return shrinker->private_data;
}

#else

static struct dmbc_shrinker *owner(struct shrinker *shrinker)
{
	return container_of(shrinker, struct dmbc_shrinker, shrinker);
}

#endif

static unsigned long count_objects(struct shrinker *shrinker, struct shrink_control *control)
{
	struct dmbc_shrinker *s = owner(shrinker);

	return s->count(s->private);
}

static unsigned long scan_objects(struct shrinker *shrinker, struct shrink_control *control)
{
	struct dmbc_shrinker *s = owner(shrinker);

	/* freeing a node takes dm-bufio's lock, which who asks without I/O may hold */
	if (!(control->gfp_mask & __GFP_IO))
		return SHRINK_STOP;
	return s->scan(s->private, control->nr_to_scan);
}

#ifdef HAVE_SHRINKER_ALLOC

int dmbc_shrinker_register(struct dmbc_shrinker *shrinker, const char *name,
			   dmbc_shrink_count_fn count, dmbc_shrink_scan_fn scan, void *private)
{
	struct shrinker *s = shrinker_alloc(0, "%s", name);

	if (!s)
		return -ENOMEM;

	*shrinker = (struct dmbc_shrinker){
		.shrinker = s, .count = count, .scan = scan, .private = private
	};
	s->count_objects = count_objects;
	s->scan_objects = scan_objects;
	s->private_data = shrinker;
	shrinker_register(s);
	return 0;
}

void dmbc_shrinker_unregister(struct dmbc_shrinker *shrinker)
{
	if (shrinker->shrinker)
		shrinker_free(shrinker->shrinker);
	shrinker->shrinker = NULL;
}

#else

int dmbc_shrinker_register(struct dmbc_shrinker *shrinker, const char *name,
			   dmbc_shrink_count_fn count, dmbc_shrink_scan_fn scan, void *private)
{
	int r;

	*shrinker = (struct dmbc_shrinker){ .count = count, .scan = scan, .private = private };
	shrinker->shrinker.count_objects = count_objects;
	shrinker->shrinker.scan_objects = scan_objects;
	shrinker->shrinker.seeks = DEFAULT_SEEKS;
	r = register_shrinker(&shrinker->shrinker, "%s", name);
	shrinker->registered = !r;
	return r;
}

void dmbc_shrinker_unregister(struct dmbc_shrinker *shrinker)
{
	if (shrinker->registered)
		unregister_shrinker(&shrinker->shrinker);
	shrinker->registered = false;
}

#endif
