/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The words that the target and its users exchange: the target's name, modes,
 * messages and status fields. Used by the module and by the tools.
 *
 * Table:   <start> <length> bcache <SSD> <HDD> <mode> [<#words> <name> <value> ...]
 * Status:  version=1 state=... : fields `name=value` in the order below. They
 *          are never renamed or reordered; new ones are added at the end.
 */
#ifndef DMBC_INTERFACE_H
#define DMBC_INTERFACE_H

#define DMBC_TARGET_NAME "bcache"
#define DMBC_STATUS_VERSION 1

/* Words of the table beside those of options.def. */
#define DMBC_ARG_ORIGIN_ID "origin_id" /* <uuid>: the HDD has no super block: its slot on the SSD */
#define DMBC_ARG_ORIGIN_MISMATCH                                                                   \
	"origin_mismatch" /* refuse|forget: dirty data that does not belong to this HDD */

#define DMBC_ARG_VOLUME "volume" /* in place of the HDD; the next word is its uuid or label */
#define DMBC_ARG_CREATE "create" /* <bytes>: of a volume that does not exist yet */

/* In the order of enum dmbc_mode. */
#define DMBC_MODE_NAMES "writethrough", "writeback", "writearound", "none"

#define DMBC_MESSAGE_CACHE_MODE "cache_mode" /* <mode> */
#define DMBC_MESSAGE_FLUSH "flush" /* write all dirty data back, as fast as possible */
#define DMBC_MESSAGE_GC "gc"
#define DMBC_MESSAGE_CLEAR_STATS "clear_stats"
#define DMBC_MESSAGE_STATS "stats" /* [total|five_minute|hour|day|internal] */
#define DMBC_MESSAGE_DETACH "detach" /* write all back, then be a plain disk */
#define DMBC_MESSAGE_ATTACH "attach" /* after a detach: be cached again */
/* Of a range in sectors; their answer is done_bytes=... */
#define DMBC_MESSAGE_INVALIDATE "invalidate" /* <start> <sectors>: drop clean data */
#define DMBC_MESSAGE_PREFETCH "prefetch" /* <start> <sectors>: cache what is not */
#define DMBC_MESSAGE_VERIFY "verify" /* [<start> <sectors>]: compare clean data with the disk */
#define DMBC_MESSAGE_LABEL "label" /* [text] */
#define DMBC_MESSAGE_VOLUME "volume" /* create <label> <size>, resize, remove <name>, list */
#define DMBC_MESSAGE_WRITEBACK "writeback" /* pause|run: sets writeback_running */
#define DMBC_MESSAGE_SET "set" /* <name> <value>, names of options.def */
#define DMBC_MESSAGE_GET "get" /* <name> */
#define DMBC_MESSAGE_RESET "reset" /* <name|all>: back to the default */
#define DMBC_MESSAGE_OPTIONS "options" /* a line for each: value, default, range, meaning */

/* Values of the field "state". */
#define DMBC_STATE_TEXT_LOADING "loading" /* the index is not loaded yet */
#define DMBC_STATE_TEXT_CLEAN "clean"
#define DMBC_STATE_TEXT_DIRTY "dirty" /* the SSD holds data that the HDD does not */
#define DMBC_STATE_TEXT_FLUSHING "flushing" /* dirty, and a flush message is at work */
#define DMBC_STATE_TEXT_DETACHING "detaching" /* a detach message is at work: see dirty_bytes */
#define DMBC_STATE_TEXT_DETACHED "detached" /* a plain disk; the SSD is not used */
#define DMBC_STATE_TEXT_VOLUME "volume" /* on the SSD alone: it has no HDD */
#define DMBC_STATE_TEXT_FAILED "failed" /* the SSD failed; the HDD is complete without it */
#define DMBC_STATE_TEXT_FAILED_DIRTY "failed-dirty" /* the SSD failed with dirty data on it */

/* Why a request went past the cache: bypass_<name> in status counts both directions. */
#define DMBC_BYPASS_REASONS(X)                                                                     \
	X(MODE, mode) /* writearound, none */                                                      \
	X(PRIORITY, priority) /* bypass_ioprio */                                                  \
	X(READAHEAD, readahead) /* readahead_cache_policy */                                       \
	X(SEQUENTIAL, sequential)                                                                  \
	X(CONGESTED, congested)                                                                    \
	X(FULL, full) /* nearly all is dirty or metadata */                                        \
	X(SPACE, space) /* no free bucket at the moment */                                         \
	X(DETACHED, detached) /* or about to be */                                                 \
	X(FAILED, failed) /* the SSD is not used any more, or failed for this request */

/* Fields of text: version, state, mode, set (uuid). Then numbers, named as in struct dmbc_status: */
#define DMBC_STATUS_NUMBERS(X)                                                                     \
	X(read_hits)                                                                               \
	X(read_misses)                                                                             \
	X(write_hits)                                                                              \
	X(write_misses)                                                                            \
	X(bypass_reads)                                                                            \
	X(bypass_writes)                                                                           \
	X(bypassed_bytes)                                                                          \
	X(fills)                                                                                   \
	X(fill_races)                                                                              \
	X(deferred)                                                                                \
	X(dirty_bytes)                                                                             \
	X(all_dirty_bytes)                                                                         \
	X(in_use_percent)                                                                          \
	X(used_percent)                                                                            \
	X(bucket_bytes)                                                                            \
	X(block_bytes)                                                                             \
	X(nbuckets)                                                                                \
	X(free_buckets)                                                                            \
	X(ssd_errors)                                                                              \
	X(origin_errors)                                                                           \
	X(writeback_rate)                                                                          \
	X(node_bytes)                                                                              \
	X(node_cap_bytes)                                                                          \
	X(tree_depth)                                                                              \
	X(gc_passes)                                                                               \
	X(gc_running)                                                                              \
	X(journal_seq)                                                                             \
	X(journal_pending)                                                                         \
	X(metadata_bytes)                                                                          \
	X(bypass_mode)                                                                             \
	X(bypass_priority)                                                                         \
	X(bypass_readahead)                                                                        \
	X(bypass_sequential)                                                                       \
	X(bypass_congested)                                                                        \
	X(bypass_full)                                                                             \
	X(bypass_space)                                                                            \
	X(bypass_detached)                                                                         \
	X(bypass_failed)                                                                           \
	X(bypass_hits)                                                                             \
	X(read_hit_bytes)                                                                          \
	X(read_miss_bytes)                                                                         \
	X(read_bypass_bytes)                                                                       \
	X(write_hit_bytes)                                                                         \
	X(write_miss_bytes)                                                                        \
	X(write_bypass_bytes)                                                                      \
	X(discards)                                                                                \
	X(discarded_bytes)                                                                         \
	X(flushes)                                                                                 \
	X(data_bytes)                                                                              \
	X(writeback_target_bytes)                                                                  \
	X(verified_bytes)                                                                          \
	X(differing_bytes)

#endif
