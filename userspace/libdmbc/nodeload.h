/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The keys of one node as the kernel would see them, and what is wrong with it.
 * A damaged node gives the keys of the sets before the damage.
 */
#ifndef DMBC_NODELOAD_H
#define DMBC_NODELOAD_H

#include "lib/nodekeys.h"

enum dmbc_node_state {
	DMBC_NODE_OK,
	DMBC_NODE_TAIL_TORN, /* the last set of a leaf has a bad checksum */
	DMBC_NODE_STRAY, /* all sets are good, but another one follows after a gap */
	DMBC_NODE_PARTIAL, /* a set other than the first is bad */
	DMBC_NODE_NOTHING, /* not even the first set */
};

struct dmbc_nodeload {
	const struct dmbc_geometry *g;
	struct dmbc_key *base, *scratch; /* capacity */
	__u32 capacity;
	bool rescue; /* single wrong bits are set right, in the image */

	/* of the node loaded last */
	const struct dmbc_key *keys; /* sorted; interior nodes: freeing and dead keys too */
	__u32 nr;
	__u32 bad_at; /* byte of the bad set */
	__u32 fixed; /* bits */
	__u64 seq;
	__u32 sets_end; /* byte behind the good sets */
	struct dmbc_why why;
};

/* For nodes of g->node_sectors. False: no memory. */
bool dmbc_nodeload_init(struct dmbc_nodeload *n, const struct dmbc_geometry *g);
void dmbc_nodeload_exit(struct dmbc_nodeload *n);
/* @image: node_sectors; changed by a rescue only. @ptr: the pointer word that names it. */
enum dmbc_node_state dmbc_nodeload_run(struct dmbc_nodeload *n, void *image, __u64 ptr, bool leaf);

#endif
