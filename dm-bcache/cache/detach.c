// SPDX-License-Identifier: GPL-2.0
/*
 * Owns how an origin leaves its SSD and comes back.
 *
 * Leaving, in time order: dmbc_detach_start() has reads fill nothing and writes
 * go around the SSD, while writeback writes everything back; dmbc_detach_drain()
 * waits for writes to the SSD that had begun before; when then nothing is dirty,
 * dmbc_detach_finish() writes "belongs to no SSD" to the origin's super block,
 * lets all requests pass to the disk unseen, and retires its slot on the SSD.
 * Requests under way that still look at the index find what they would have
 * found: data equal to the disk's, or holes.
 *
 * Coming back, dmbc_detach_undo(): a new slot; requests take the usual way again
 * but leave the SSD alone, until the last that passed unseen has ended; only
 * then may the SSD be filled.
 */
#include "cache/account.h"
#include "cache/detach.h"

#include <linux/completion.h>
#include <linux/device-mapper.h>
#include <linux/percpu-refcount.h>
#include <linux/slab.h>

#include "cache/attach.h"
#include "cache/context.h"
#include "cache/event.h"
#include "cache/origin.h"
#include "cache/slot.h"
#include "lib/port.h"

#define DM_MSG_PREFIX "bcache"

/* Requests of one kind that are under way, and a way to wait for the last of them. */
struct crossing {
	struct percpu_ref ref;
	struct completion empty;
};

struct dmbc_detach {
	struct crossing writes; /* to the SSD alone; closed but while attached */
	struct crossing passing; /* to the disk, unseen */
};

static void crossing_empty(struct percpu_ref *ref)
{
	complete(&container_of(ref, struct crossing, ref)->empty);
}

static int crossing_init(struct crossing *c)
{
	init_completion(&c->empty);
	return percpu_ref_init(&c->ref, crossing_empty, PERCPU_REF_ALLOW_REINIT, GFP_KERNEL);
}

static void crossing_close(struct crossing *c)
{
	percpu_ref_kill(&c->ref);
	wait_for_completion(&c->empty);
}

static void crossing_open(struct crossing *c)
{
	reinit_completion(&c->empty);
	percpu_ref_reinit(&c->ref);
}

int dmbc_detach_create(struct dmbc_origin *o)
{
	struct dmbc_detach *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return -ENOMEM;
	if (crossing_init(&d->writes)) {
		kfree(d);
		return -ENOMEM;
	}
	if (crossing_init(&d->passing)) {
		percpu_ref_exit(&d->writes.ref);
		kfree(d);
		return -ENOMEM;
	}
	o->detach = d;
	return 0;
}

void dmbc_detach_destroy(struct dmbc_origin *o)
{
	percpu_ref_exit(&o->detach->passing.ref);
	percpu_ref_exit(&o->detach->writes.ref);
	kfree(o->detach);
}

/* ---- leaving ------------------------------------------------------------------------ */

bool dmbc_detach_enter(struct dmbc_origin *o)
{
	return percpu_ref_tryget_live(&o->detach->writes.ref);
}

void dmbc_detach_leave(struct dmbc_origin *o)
{
	percpu_ref_put(&o->detach->writes.ref);
}

int dmbc_detach_start(struct dmbc_origin *o, struct dmbc_why *why)
{
	struct dmbc_set *set = o->set;
	int r = -EBUSY;

	mutex_lock(&set->lock);
	if (o->volume)
		dmbc_explain(why, "a volume has no disk to write to");
	else if (!o->attached || READ_ONCE(o->tie) == DMBC_TIE_PLAIN)
		dmbc_explain(why, "%s is not attached", o->name);
	else if (READ_ONCE(set->state) != DMBC_SET_RUNNING)
		dmbc_explain(why, "SSD %s has failed: remove the target", set->name);
	else if (READ_ONCE(o->tie) != DMBC_TIE_ATTACHED)
		dmbc_explain(why, "%s is on its way already", o->name);
	else
		r = 0;
	if (!r) {
		WRITE_ONCE(o->tie, DMBC_TIE_LEAVING);
		percpu_ref_kill(&o->detach->writes.ref);
	}
	mutex_unlock(&set->lock);
	return r;
}

void dmbc_detach_drain(struct dmbc_origin *o)
{
	wait_for_completion(&o->detach->writes.empty);
	complete(&o->detach->writes.empty); /* for who asks again */
}

static bool write_detached(struct dmbc_origin *o)
{
	enum dmbc_state state = dmbc_super_state(&o->super);

	lockdep_assert_held(&o->set->lock);
	dmbc_super_set_detached(&o->super);
	if (!dmbc_origin_write_super(o))
		return true;
	dmbc_super_set_attached(&o->super, o->set->store.super.disk.set_uuid);
	dmbc_super_set_state(&o->super, state);
	return false;
}

bool dmbc_detach_finish(struct dmbc_origin *o)
{
	struct dmbc_set *set = o->set;
	bool done;

	mutex_lock(&set->lock);
	done = write_detached(o);
	if (done) {
		WRITE_ONCE(o->tie, DMBC_TIE_PLAIN);
		/* what remains there is clean and nobody's; if this fails, the next attach does it */
		dmbc_slot_retire(set, o->inode);
	}
	mutex_unlock(&set->lock);
	if (!done) {
		dmbc_errors_origin(o);
		return false;
	}
	DMINFO("%s is detached from SSD %s", o->name, set->name);
	dmbc_event_raise(o);
	return true;
}

/* ---- passing ------------------------------------------------------------------------- */

static int pass_done(struct dmbc_request *rq, blk_status_t *error)
{
	percpu_ref_put(&rq->origin->detach->passing.ref);
	return dmbc_request_end_done(rq, error);
}

static bool enter_passing(struct dmbc_origin *o)
{
	struct percpu_ref *ref = &o->detach->passing.ref;

	if (!percpu_ref_tryget_live(ref))
		return false;
	smp_mb(); /* a reference got after it was opened again does not count */
	if (READ_ONCE(o->tie) == DMBC_TIE_PLAIN)
		return true;
	percpu_ref_put(ref);
	return false;
}

bool dmbc_detach_pass(struct dmbc_request *rq, int *r)
{
	struct dmbc_origin *o = rq->origin;
	struct bio *bio = rq->bio;

	if (!enter_passing(o))
		return false;
	if (bio->bi_opf & REQ_PREFLUSH) {
		rq->start = 0;
	} else if (bio_op(bio) == REQ_OP_DISCARD) {
		if (!bdev_max_discard_sectors(o->bdev)) {
			percpu_ref_put(&o->detach->passing.ref);
			dmbc_request_finish(rq);
			*r = DM_MAPIO_SUBMITTED;
			return true;
		}
	} else {
		rq->bypass = DMBC_BYPASS_DETACHED;
		dmbc_account_bypass(rq);
	}
	*r = dmbc_request_remap(rq, o->bdev, rq->start, pass_done);
	return true;
}

/* ---- coming back ---------------------------------------------------------------------- */

int dmbc_detach_undo(struct dmbc_origin *o, struct dmbc_why *why)
{
	struct dmbc_set *set = o->set;
	int r = -EBUSY;

	mutex_lock(&set->lock);
	if (READ_ONCE(o->tie) != DMBC_TIE_PLAIN)
		dmbc_explain(why, "%s is not detached", o->name);
	else if (READ_ONCE(set->state) != DMBC_SET_RUNNING)
		dmbc_explain(why, "SSD %s has failed: remove all targets on it first", set->name);
	else
		r = dmbc_attach(o, why);
	if (!r) {
		WRITE_ONCE(o->unflushed, true);
		WRITE_ONCE(o->tie, DMBC_TIE_JOINING);
		crossing_close(&o->detach->passing);
		crossing_open(&o->detach->passing);
		crossing_open(&o->detach->writes);
		WRITE_ONCE(o->tie, DMBC_TIE_ATTACHED);
		dmbc_event_raise(o);
	}
	mutex_unlock(&set->lock);
	return r;
}
