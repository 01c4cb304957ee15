// SPDX-License-Identifier: GPL-2.0
/*
 * Owns the way of news from an origin up to its target. State changes happen
 * anywhere, so a worker carries them; several at once are told as one.
 */
#include "cache/event.h"

#include "cache/context.h"

static void event_work(struct work_struct *work)
{
	struct dmbc_origin *o = container_of(work, struct dmbc_origin, event_work);

	mutex_lock(&o->event_lock);
	if (o->event_fn)
		o->event_fn(o->event_ctx);
	mutex_unlock(&o->event_lock);
}

void dmbc_event_init(struct dmbc_origin *o)
{
	mutex_init(&o->event_lock);
	INIT_WORK(&o->event_work, event_work);
}

void dmbc_event_exit(struct dmbc_origin *o)
{
	cancel_work_sync(&o->event_work);
}

void dmbc_event_raise(struct dmbc_origin *o)
{
	queue_work(system_percpu_wq, &o->event_work);
}

void dmbc_event_listen(struct dmbc_origin *o, void (*fn)(void *ctx), void *ctx)
{
	mutex_lock(&o->event_lock);
	o->event_fn = fn;
	o->event_ctx = ctx;
	mutex_unlock(&o->event_lock);
	if (fn)
		dmbc_event_raise(o); /* it has just begun: the state was another */
}
