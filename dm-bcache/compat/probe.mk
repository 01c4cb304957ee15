# SPDX-License-Identifier: GPL-2.0
# Which interfaces the kernel at hand has, asked of its headers: distributions carry changes back, so version numbers lie.
# Patterns are extended regular expressions without parentheses or quotes (make would choke on them).

dmbc-inc := $(srctree)/include/linux
dmbc-has = $(shell grep -Eqs -- '$(2)' $(dmbc-inc)/$(1) && echo -DHAVE_$(3))

ccflags-y += $(call dmbc-has,dm-io.h,sync_unsup_bits,DM_IO_UNSUP)
ccflags-y += $(call dmbc-has,dm-io.h,unsigned short ioprio,DM_IO_IOPRIO)
ccflags-y += $(call dmbc-has,device-mapper.h,bool .forward,PREPARE_IOCTL_FORWARD)
ccflags-y += $(call dmbc-has,device-mapper.h,bool max_discard_granularity,TI_MAX_DISCARD_GRANULARITY)
ccflags-y += $(call dmbc-has,blkdev.h,blk_features_t,QUEUE_LIMITS_FEATURES)
ccflags-y += $(call dmbc-has,blkdev.h,static inline bool bdev_rot,BDEV_ROT)
ccflags-y += $(call dmbc-has,blkdev.h,bdev_limits,BDEV_LIMITS)
ccflags-y += $(call dmbc-has,blk_types.h,bio_vec .bio_inline_vecs,BIO_INLINE_VECS)
ccflags-y += $(call dmbc-has,shrinker.h,shrinker_alloc,SHRINKER_ALLOC)
ccflags-y += $(call dmbc-has,timer.h,timer_container_of,TIMER_CONTAINER_OF)
ccflags-y += $(call dmbc-has,timer.h,timer_delete_sync,TIMER_DELETE_SYNC)
ccflags-y += $(call dmbc-has,workqueue.h,WQ_PERCPU,WQ_PERCPU)
ccflags-y += $(call dmbc-has,workqueue.h,system_percpu_wq,SYSTEM_PERCPU_WQ)
