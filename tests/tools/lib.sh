# shellcheck shell=bash
# Sourced by the tests beside it: the binary, a folder that goes away, and checks that count failures.
#
# DMBCACHE names the binary; build/userspace/dmbcache by default.

set -u
export LC_ALL=C
export PATH=$PATH:/usr/sbin:/sbin
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dmbcache=${DMBCACHE:-$repo/build/userspace/dmbcache}
dmbcache=$(realpath "$dmbcache") && [ -x "$dmbcache" ] || { echo "no $dmbcache; make -C userspace"; exit 1; }
work=$(mktemp -d "${TMPDIR:-/tmp}/dmbcache-test.XXXXXX")
loops=()
failures=0

tidy() {
	local loop
	for loop in "${loops[@]}"; do
		losetup -d "$loop"
	done
	rm -rf "$work"
}
trap tidy EXIT
cd "$work" || exit 1

# need_sim: the program that makes images, as $sim; built anew where a test runs alone after a change
need_sim() {
	sim=$repo/build/unit/sim_image
	flock "$repo/tests/unit/store.mk" make -s -f "$repo/tests/unit/store.mk" OUT="$repo/build/unit" "$sim" >/dev/null ||
		{ echo "cannot build $sim"; exit 1; }
}

# need_valgrind: a program like $dmbcache, as $checked, that ends with 99 after a wrong access, an uninitialised value or a leak
need_valgrind() {
	command -v valgrind >/dev/null || { echo "install valgrind"; exit 1; }
	checked=$work/checked
	cat >"$checked" <<-END
		#!/bin/sh
		exec valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible "$dmbcache" "\$@"
	END
	chmod +x "$checked"
}

fail() {
	echo "FAILED: $*"
	failures=$((failures + 1))
}

# equal WHAT WANTED GOT
equal() { [ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"; }

# expect CODE TEXT COMMAND...: exit code, and a text in what it prints; TEXT may be empty. The output stays in ./out.
expect() {
	local code=$1 text=$2 got
	shift 2
	"$@" >out 2>&1 </dev/null
	got=$?
	[ "$got" = "$code" ] || { fail "$*: exit code $got instead of $code"; sed 's/^/    /' out; }
	[ -z "$text" ] || grep -qF -- "$text" out || { fail "$*: no '$text' in:"; sed 's/^/    /' out; }
}

# field FILE NAME: one value of show --json
field() { "$dmbcache" show --json "$1" 2>/dev/null | jq -r ".[0].$2"; }

# fresh FILE SIZE: a sparse file of zeroes
fresh() { rm -f "$1" && truncate -s "$2" "$1"; }

# uuid_at FILE OFFSET: the UUID at a byte of the super block
uuid_at() { od -An -v -tx1 -j $((4096 + $2)) -N 16 "$1" | tr -d ' \n' | sed -E 's/(.{8})(.{4})(.{4})(.{4})(.{12})/\1-\2-\3-\4-\5/'; }

# poke FILE OFFSET HEX: bytes at an offset of the super block
poke() {
	printf '%b' "$(sed -E 's/../\\x&/g' <<<"$3")" | dd of="$1" bs=1 seek=$((4096 + $2)) conv=notrunc status=none
}

# partition FILE dos|gpt: a partition table with one partition
partition() {
	python3 - "$1" "$2" <<-'END'
		import os, struct, sys, uuid, zlib
		path, kind = sys.argv[1:]
		last = os.stat(path).st_size // 512 - 1
		with open(path, "r+b") as f:
		    start, size, code = (1, last, 0xee) if kind == "gpt" else (2048, 8192, 0x83)
		    f.seek(446)
		    f.write(struct.pack("<4sB3sII", b"", code, b"", start, size) + bytes(48) + b"\x55\xaa")
		    if kind == "gpt":
		        linux = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4").bytes_le
		        table = (linux + uuid.uuid4().bytes_le + struct.pack("<QQQ", 2048, 8191, 0)).ljust(128 * 128, b"\0")
		        for here, other, entries in (1, last, 2), (last, 1, last - 32):
		            def header(crc):
		                return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, here, other, 34,
		                                   last - 33, bytes(16), entries, 128, 128, zlib.crc32(table))
		            f.seek(here * 512)
		            f.write(header(zlib.crc32(header(0))))
		            f.seek(entries * 512)
		            f.write(table)
	END
}

# seal FILE: the checksum of the super block made right again (CRC-64/WE over bytes 8 to 208 + 8 * keys)
seal() {
	python3 - "$1" <<-'END'
		import struct, sys
		with open(sys.argv[1], "r+b") as f:
		    f.seek(4096)
		    sb = f.read(4096)
		    crc = (1 << 64) - 1
		    for byte in sb[8:208 + 8 * min(struct.unpack_from("<H", sb, 206)[0], 256)]:
		        crc ^= byte << 56
		        for _ in range(8):
		            crc = crc << 1 ^ (0x42F0E1EBA9EA3693 if crc >> 63 else 0)
		            crc &= (1 << 64) - 1
		    f.seek(4096)
		    f.write(struct.pack("<Q", crc ^ (1 << 64) - 1))
	END
}

# in_place SSD DISK UUID: as if the disk were cached without a super block: a note on the SSD says the same
in_place() {
	python3 - "$@" <<-'END'
		import struct, sys, uuid
		ssd, disk, name = sys.argv[1:]
		def checksum(data):
		    crc = (1 << 64) - 1
		    for byte in data:
		        crc ^= byte << 56
		        for _ in range(8):
		            crc = crc << 1 ^ (0x42F0E1EBA9EA3693 if crc >> 63 else 0)
		            crc &= (1 << 64) - 1
		    return crc ^ (1 << 64) - 1
		with open(disk, "r+b") as f:
		    f.write(bytes(8192))
		    sectors = f.seek(0, 2) // 512
		    last = (sectors & ~7) - 8
		    regions = [0, 8, 128] + [last // 5 * i & ~7 for i in range(1, 5)] + [last]
		    hashes = []
		    for sector in regions:
		        f.seek(sector * 512)
		        hashes.append(checksum(f.read(4096)))
		with open(ssd, "r+b") as f:
		    f.seek(4096 + 56)
		    set_magic, = struct.unpack("<Q", f.read(8))
		    note = uuid.UUID(name).bytes + struct.pack("<QQBBH28x8Q", sectors, 0, 2, 0, 255, *hashes)
		    body = struct.pack("<QQII", 0x3F91D06E8AB5C247 ^ set_magic, 1, 1, 1) + note
		    body += bytes(4088 - len(body))
		    for sector in 16, 24:
		        f.seek(sector * 512)
		        f.write(struct.pack("<Q", checksum(body)) + body)
	END
}

finish() {
	[ "$failures" = 0 ] || { echo "$failures checks failed"; exit 1; }
	exit 0
}
