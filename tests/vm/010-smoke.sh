#!/bin/bash
# The life of a target in short: create, write, read, flush, reload, remove, again.
# kernels: 6.1 6.12 uml-kasan uml-lockdep
# timeout: 60
# leaks
. "$(dirname "$0")/lib.sh"
load_module
ramdisks 2 64
format /dev/ram0 /dev/ram1 --bucket 64K
create c /dev/ram0 /dev/ram1 writeback
status c
dd if=/dev/urandom of=/run/data bs=1M count=8 2>/dev/null
run dd if=/run/data of=/dev/mapper/c bs=64k oflag=direct conv=fsync,notrunc status=none
cmp -n 8388608 /run/data /dev/mapper/c || die "read back differs"
[ "$(field c state)" = dirty ] || die "state is $(field c state), not dirty"
[ "$(field c dirty_bytes)" -gt 0 ] || die "nothing is dirty"
drain c
status c
cmp -n 8388608 /run/data <(dd if=/dev/ram1 bs=8k skip=1 status=none) || die "the disk itself differs after flush"
table=$(dm table c)
reload c "$table"
[ "$(dm table c)" = "$table" ] || die "table changed: $table -> $(dm table c)"
remove c
create c /dev/ram0 /dev/ram1 writethrough
cmp -n 8388608 /run/data /dev/mapper/c || die "read back differs after re-creation"
status c
remove c
sound /dev/ram0 /dev/ram1
unload_module
