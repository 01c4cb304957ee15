# SPDX-License-Identifier: GPL-2.0
# Tests of dm-bcache/store/ in userspace, over tests/unit/shim and tests/unit/sim:
#   make -f tests/unit/store.mk OUT=build/unit all
#   t_*           unit tests of each source that has one
#   model_store   random operations against a map of sectors
#   crash_store   the same with power cuts at random moments
#   crash_every   power cuts at every write of short workloads
#   crash_named   failure classes that random work seldom meets
#   mutate_store  damaged images
#   sim_image     images as files, for the tools

root := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/../..)
override OUT := $(abspath $(or $(OUT),$(root)/build/unit))
CC ?= gcc

tests := $(root)/tests
module := $(root)/dm-bcache
sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
flags := -std=gnu11 -g -O1 -Wall -Wextra -Wno-unused-parameter -Wno-format-truncation -MMD -MP \
	-I$(tests)/unit/shim -I$(tests)/unit -I$(tests)/unit/sim -I$(root)/include -I$(module) $(sanitize)

sources := $(wildcard $(module)/lib/*.c $(tests)/unit/shim/*.c $(tests)/unit/sim/*.c) \
	$(filter-out %/blockio.c,$(wildcard $(module)/store/*.c))
objects := $(patsubst $(root)/%.c,$(OUT)/store/%.o,$(sources))
units := $(foreach u,super bucket alloc refill gens uuids notes journal node index,$(if $(wildcard \
	$(tests)/unit/t_$(u).c),t_$(u)))
programs := $(units) model_store crash_store crash_every crash_named mutate_store sim_image

all: $(programs:%=$(OUT)/%)

$(OUT)/store/%.o: $(root)/%.c
	@mkdir -p $(@D)
	$(CC) $(flags) -c -o $@ $<

$(OUT)/libstore.a: $(objects)
	@rm -f $@
	$(AR) rcs $@ $^

$(OUT)/t_%: $(OUT)/store/tests/unit/t_%.o $(OUT)/libstore.a
	$(CC) $(sanitize) -o $@ $^ -lcmocka

$(OUT)/model_%: $(OUT)/store/tests/model/model_%.o $(OUT)/libstore.a
	$(CC) $(sanitize) -o $@ $^

$(OUT)/crash_%: $(OUT)/store/tests/crash/crash_%.o $(OUT)/libstore.a
	$(CC) $(sanitize) -o $@ $^

$(OUT)/mutate_%: $(OUT)/store/tests/fuzz/mutate_%.o $(OUT)/libstore.a
	$(CC) $(sanitize) -o $@ $^

$(OUT)/sim_image: $(OUT)/store/tests/images/sim_image.o $(OUT)/libstore.a
	$(CC) $(sanitize) -o $@ $^

check: all
	@set -e; for t in $(programs); do $(OUT)/$$t; done

.SECONDARY:
.PHONY: all check
-include $(shell find $(OUT)/store -name '*.d' 2>/dev/null)
