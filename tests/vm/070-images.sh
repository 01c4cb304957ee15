#!/bin/bash
# Caches left by mainline bcache after a crash open with the contents mainline served.
# kernels: 6.1 uml-kasan
# timeout: 150
# memory: 3000
. "$(dirname "$0")/lib.sh"
load_module
$MP loop max_loop=4
images=$repo/tests/images/mainline
want=a5010ade12fea803f36a11ce177f71d4
for name in fC fD; do
	for part in c b; do xz -dc "$images/${name}_$part.img.xz" >/run/$part.img || die "unpack $name"; done
	ssd=$(losetup -f --show /run/c.img) || die losetup
	hdd=$(losetup -f --show /run/b.img) || die losetup
	"$DMBCACHE" show "$ssd" "$hdd" | head -40
	create c "$ssd" "$hdd" writeback writeback_running 0
	status c
	got=$(md5sum </dev/mapper/c | cut -d' ' -f1)
	[ "$got" = $want ] || die "$name: $got instead of $want"
	# it stays right when it is used, written back and opened again
	message c set writeback_running 1
	drain c
	got=$(md5sum </dev/mapper/c | cut -d' ' -f1)
	[ "$got" = $want ] || die "$name after flush: $got"
	remove c
	got=$(dd if="$hdd" bs=1M skip=1 status=none | md5sum | cut -d' ' -f1)
	[ "$got" = $want ] || die "$name on the disk: $got"
	create c "$ssd" "$hdd" writeback
	got=$(md5sum </dev/mapper/c | cut -d' ' -f1)
	[ "$got" = $want ] || die "$name opened again: $got"
	remove c
	sound "$ssd" "$hdd"
	tally theirs-by-us 1
	losetup -d "$ssd" "$hdd"
	rm -f /run/?.img
done
unload_module
