# SPDX-License-Identifier: GPL-2.0
# make help lists the targets.

# The running kernel's build folder, or the newest one installed where it has none.
KDIR ?= $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) \
	$(shell ls -d /lib/modules/*/build 2>/dev/null | sort -V | tail -1))
VERSION := $(shell sed -n 's/^VERSION := //p' userspace/Makefile)
PREFIX ?= /usr/local
DESTDIR ?=

all: module tools ## the kernel module (for KDIR) and the tools

module: ## the kernel module, dm-bcache/dm-bcache.ko
	$(MAKE) -C dm-bcache KDIR=$(KDIR)

tools: ## the tools and their library, in build/
	$(MAKE) -C userspace PREFIX=$(PREFIX)

install: all ## both, under DESTDIR and PREFIX
	$(MAKE) -C dm-bcache KDIR=$(KDIR) $(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR)) install
	$(MAKE) -C userspace PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) install
	install -d $(DESTDIR)$(PREFIX)/share/man/man7
	scripts/manual $(VERSION) >$(DESTDIR)$(PREFIX)/share/man/man7/dm-bcache.7

dkms: ## a source package for DKMS, build/dm-bcache-VERSION.tar.gz
	$(RM) -r build/dkms
	mkdir -p build/dkms/dm-bcache-$(VERSION)
	rsync -a --include='*/' --include='*.[ch]' --include='*.mk' --include='*.def' --include=Kbuild --include=Makefile --exclude='*' \
		--prune-empty-dirs dm-bcache include build/dkms/dm-bcache-$(VERSION)/
	cp LICENSE build/dkms/dm-bcache-$(VERSION)/
	sed 's/@VERSION@/$(VERSION)/' dm-bcache/dkms.conf.in >build/dkms/dm-bcache-$(VERSION)/dkms.conf
	tar -C build/dkms -czf build/dm-bcache-$(VERSION).tar.gz dm-bcache-$(VERSION)

check: ## every test
	@tests/run

check-unit: ## tests that need no machine
	@tests/run unit

check-vm: ## tests on the stock kernels 6.1 and 6.12
	@tests/run vm

check-uml: ## tests on kernels with address, undefined-behaviour, locking and leak checkers
	@tests/run uml

check-crash: ## power cuts of the store at every write of many workloads, with counts
	@tests/crash/run

check-faults: ## seeded bugs: for each a test must fail; half an hour
	@tests/crash/check-faults

check-powercut: ## power cuts at every mark of every load, in a virtual machine; hours
	@EPOCHS=8 CUTS=0 PERCENT=12 TIMEOUT=40000 tests/vm/100-cuts.sh

check-fuzz: ## an hour of fuzzing of all that reads the medium
	@tests/fuzz/run

check-interop: ## caches go from mainline bcache to dm-bcache and back, thousands of damaged ones; hours
	@tests/interop

check-long: ## tests that take minutes each and are not part of check
	@tests/run $(wildcard tests/long/*.sh)

lint: ## layers, sizes, headers, names in comments, format
	@tests/run lint

format: ## formats the C sources
	@scripts/check-format --fix

demo: ## a cache at work in a virtual machine, in a few minutes
	@scripts/demo

bench: ## the figures of the README, on a counted clock
	@tests/bench/run

clean: ## removes what was built here; the test kernels stay in ~/.cache/dm-bcache
	$(RM) -r build
	find dm-bcache \( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' \
		-o -name Module.symvers -o -name modules.order \) -delete

help: ## this list
	@sed -n -E 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | expand -t 14

.PHONY: all module tools install dkms check check-unit check-vm check-uml check-crash check-faults check-powercut check-fuzz check-interop check-long lint format demo bench clean help
