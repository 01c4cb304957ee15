# SPDX-License-Identifier: GPL-2.0
# Tests of dm-bcache/lib/: make -f tests/unit/lib.mk OUT=build/unit all
#   t_*, model_nodekeys   unit and model tests, each prints cmocka's summary
#   fuzz_*                stand-alone: fixed-seed mutations of valid structures
#   libfuzzer_*           the same entry points under libFuzzer, where clang has it

root := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/../..)
OUT ?= $(root)/build/unit
CC ?= gcc
FUZZ_CC ?= clang

sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all
flags := -std=gnu11 -g -O2 -Wall -Wextra -I$(root)/include -I$(root)/dm-bcache -I$(root)/tests/unit
objects := $(patsubst $(root)/dm-bcache/lib/%.c,$(OUT)/lib/%.o,$(wildcard $(root)/dm-bcache/lib/*.c))
sources := $(wildcard $(root)/dm-bcache/lib/*.c)
headers := $(wildcard $(root)/dm-bcache/lib/*.h $(root)/include/dm-bcache/*.h $(root)/include/dm-bcache/*.def) \
	   $(root)/tests/unit/lib_fixture.h $(root)/tests/fuzz/lib_mutate.h

units := key extent bset nodekeys note verify pd pace seq congested options window checksum images
fuzzers := super jset bset prio
has_libfuzzer := $(shell echo 'int LLVMFuzzerTestOneInput(const char *d, long n) { return !d && n; }' | \
	$(FUZZ_CC) -x c -fsanitize=fuzzer,address,undefined -o /dev/null - 2>/dev/null && echo yes)

all: $(units:%=$(OUT)/t_%) $(OUT)/t_overlay $(OUT)/model_nodekeys $(fuzzers:%=$(OUT)/fuzz_%)
ifeq ($(has_libfuzzer),yes)
all: $(fuzzers:%=$(OUT)/libfuzzer_%)
endif

$(OUT)/lib/%.o: $(root)/dm-bcache/lib/%.c $(headers)
	@mkdir -p $(@D)
	$(CC) $(flags) $(sanitize) -c -o $@ $<

$(OUT)/t_images: private flags += -DIMAGES='"$(root)/tests/images/mainline"'

$(OUT)/t_overlay: $(root)/tests/unit/t_overlay.c $(root)/userspace/libdmbc/keys.c $(objects) $(headers)
	$(CC) $(flags) $(sanitize) -o $@ $(filter %.c,$^) $(objects) -lcmocka

$(OUT)/t_%: $(root)/tests/unit/t_%.c $(objects) $(headers)
	$(CC) $(flags) $(sanitize) -o $@ $< $(objects) -lcmocka

$(OUT)/model_%: $(root)/tests/model/model_%.c $(objects) $(headers)
	$(CC) $(flags) $(sanitize) -o $@ $< $(objects) -lcmocka

$(OUT)/fuzz_%: $(root)/tests/fuzz/fuzz_%.c $(objects) $(headers)
	$(CC) $(flags) $(sanitize) -o $@ $< $(objects) -lcmocka

$(OUT)/libfuzzer_%: $(root)/tests/fuzz/fuzz_%.c $(sources) $(headers)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(flags) -fsanitize=fuzzer,address,undefined -DDMBC_LIBFUZZER -o $@ $< $(sources) -lcmocka

check: all
	@set -e; for t in $(units:%=t_%) t_overlay model_nodekeys $(fuzzers:%=fuzz_%); do $(OUT)/$$t; done

.PHONY: all check
