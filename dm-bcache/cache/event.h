/* SPDX-License-Identifier: GPL-2.0 */
/* Tells whoever listens to an origin that its state has changed. */
#ifndef DMBC_CACHE_EVENT_H
#define DMBC_CACHE_EVENT_H

struct dmbc_origin;

void dmbc_event_init(struct dmbc_origin *origin);
void dmbc_event_exit(struct dmbc_origin *origin); /* sleeps */
/* Any context. */
void dmbc_event_raise(struct dmbc_origin *origin);
/* @fn is called from a worker, until it is replaced; NULL: nobody. Waits for a call under way. */
void dmbc_event_listen(struct dmbc_origin *origin, void (*fn)(void *ctx), void *ctx);

#endif
