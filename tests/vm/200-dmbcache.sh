#!/bin/bash
# The commands of dmbcache on running caches: each does what its message does, says why not, and counts what it shows.
# kernels: 6.1
# timeout: 90
# memory: 1024
. "$(dirname "$0")/lib.sh"
$MP dm-mod
ramdisks 3 128
ssd=/dev/ram0 hdd=/dev/ram1
format $ssd $hdd --bucket 128K
tool() { "$DMBCACHE" "$@"; }
# refused WORDS COMMAND...: it fails, in one line with WORDS, and prints nothing else
refused() {
	local want=$1
	shift
	! tool "$@" >/run/out 2>/run/err || die "$* was not refused"
	[ "$(wc -l </run/err)" = 1 ] && grep -q -F -- "$want" /run/err || die "$*: $(cat /run/err)"
	[ ! -s /run/out ] || die "$*: $(cat /run/out)"
}
equal() { [ "$2" = "$3" ] || die "$1: '$2' instead of '$3'"; }

refused "the kernel has no dm-bcache; try modprobe dm-bcache" create c $ssd $hdd
load_module
equal "nothing runs" "$(tool list | wc -l)" 1
equal "nothing runs" "$(tool list --json | tr -d ' \n')" "[]"
refused "not a disk made to be cached" create c $ssd $ssd
refused "no bcache super block" create c $ssd /dev/ram2
refused "unknown mode" create c $ssd $hdd --mode writesideways
refused "sequential_cutoff" create c $ssd $hdd --option sequential_cutof=4M
refused "NAME=VALUE" create c $ssd $hdd --option sequential_cutoff
refused "there is no such device" status c
refused "there is no such device" flush c
refused "there is no such device" flush $'c\nd'
for name in "a b" a/b .. '' 'a\x20b' $'a\tb'; do
	refused "no name for a cache; use letters" create "$name" $ssd $hdd
done
refused "of 128 letters is too long; use at most 127" create "$(printf 'a%.0s' {1..128})" $ssd $hdd
[ ! -e /dev/mapper/c ] || die "a refused cache left its node"

equal "dry run" "$(tool create c $ssd $hdd --mode writeback --option sequential_cutoff=0 --dry-run)" \
	"dmsetup create c --table \"0 $(data_sectors $hdd) bcache $ssd $hdd writeback 2 sequential_cutoff 0\""
equal "in place" "$(tool create c $ssd /dev/ram2 --option origin_id=5ca1ab1e-0000-4000-8000-000000000001 --dry-run)" \
	"dmsetup create c --table \"0 $(sectors /dev/ram2) bcache $ssd /dev/ram2 writethrough 2 origin_id 5ca1ab1e-0000-4000-8000-000000000001\""
equal "create" "$(tool create c $ssd $hdd --mode writeback --option sequential_cutoff=0 --option writeback_running=0)" /dev/mapper/c
[ -b /dev/mapper/c ] || die "no node"
refused "there is a device of that name" create c $ssd $hdd
refused "d: cannot be created" create d $ssd $hdd
dd if=/dev/urandom of=/run/data bs=1M count=8 status=none
dd if=/run/data of=/dev/mapper/c bs=64k oflag=direct status=none || die write
cmp -n 8388608 /run/data /dev/mapper/c || die read
tool list | grep -q -E '^c +dirty +writeback ' || die "list: $(tool list)"
tool list --json >/run/json && grep -q '"ssd": *"' /run/json || die "list --json"
tool status c >/run/out || die status
grep -q 'dirty       8 MiB, written back at 0 B/s$' /run/out && grep -q '128 to the SSD' /run/out || die "status: $(cat /run/out)"
# half of the reads are of what was written, the other half of what was not
dd if=/dev/mapper/c of=/dev/null bs=64k count=256 iflag=direct status=none || die read
ratios() { tool status c --json | python3 -c 'import json, sys; print({k: v and round(v, 1) for k, v in json.load(sys.stdin)[0]["read_hit_percent"].items()})'; }
equal "hit ratios" "$(ratios)" "{'total': $(tool status c | sed -n 's/^  read hits   \([0-9.]*\) %.*/\1/p'), 'five_minute': None, 'hour': None, 'day': None}"
equal "status --json" "$(tool status c --json | sed -n 's/.*"dirty_bytes": *\([0-9]*\).*/\1/p')" 8388608
tool top --count 2 --delay 0.3 >/run/out || die top
equal "top" "$(grep -c '^c ' /run/out)" 2
grep -q $'\033' /run/out && die "top colours a file"

run tool mode c writethrough
equal mode "$(field c mode)" writethrough
refused "unknown mode" mode c sideways
run tool set c sequential_cutoff=8M
equal get "$(tool get c sequential_cutoff)" 8388608
run tool set c sequential_cutoff 1M
equal get "$(tool get c sequential_cutoff)" 1048576
refused "writeback_percent" set c writeback_percent=101
refused "OPTION=VALUE" set c writeback_percent
refused "sequential_cutoff" get c sequential_cutof
run tool reset c all
equal reset "$(tool get c sequential_cutoff)" 4194304
tool status c | grep -q -E 'dirty       .*, written back at .*/s, [0-9]+ (s|min|h) to go$' || is_clean c || die "no end in sight: $(tool status c)"
equal options "$(tool options c | grep -c .)" "$(grep -c '^DMBC_OPTION(' "$repo/include/dm-bcache/options.def")"
tool options c --json | python3 -c '
import json, sys
for o in json.load(sys.stdin):
    shared = ", all disks of the SSD" if o["shared"] else ""
    print("{name}={value} ({range}, default {default}{0}) {meaning}".format(shared, **o))' | cmp - <(tool options c) || die "options --json"
run tool label c "home-disk"
equal label "$(tool label c)" home-disk
line=$(tool label c ' two  blanks' --dry-run)
run tool label c 'a home\disk'
equal "label with a blank" "$(tool label c)" 'a home\disk'
eval "dm ${line#dmsetup }" || die "$line"
equal "label of the dry run" "$(tool label c)" ' two  blanks'
run tool gc c
tool stats c | grep -q '^window  *total' || die stats
tool stats c internal --json | grep -q '"tree_depth"' || die "stats internal"
refused "unknown window" stats c fortnight
run tool clear-stats c
equal clear-stats "$(field c write_hits)" 0

run tool flush --wait c
equal flush "$(field c dirty_bytes)" 0
cmp -n 8388608 /run/data <(dd if=$hdd bs=8k skip=1 status=none) || die "the disk differs after flush"
run tool detach --wait c
equal detach "$(field c state)" detached
refused "" detach c
cmp -n 8388608 /run/data /dev/mapper/c || die "the detached disk differs"
run tool attach c

echo "--- volumes"
refused "--volume and --size go together" create v $ssd --volume films
refused "a volume has none" create v $ssd --volume films --size 8M --mode writeback
refused "a multiple of 512" volume create c films 1000
refused "no name for a volume" volume create c "my films" 8M
run tool volume create c films 8M
refused "already" volume create c films 4M
equal "start" "$(tool create v $ssd --volume films --size 8M)" /dev/mapper/v
tool list | grep -q -E '^v +volume ' || die "list: $(tool list)"
refused "in use" volume remove c films
dd if=/run/data of=/dev/mapper/v bs=64k count=32 oflag=direct status=none || die write
run tool volume resize c films 12M
equal "made by its start" "$(tool create w $ssd --volume music --size 4M)" /dev/mapper/w
equal "volumes" "$(tool volume list v | sed -nE 's/^[0-9a-f-]{36} +(.*)/\1/p' | tr -s ' ')" $'12 MiB 2 MiB films\n4 MiB 0 B music'
equal "volumes --json" "$(tool volume list c --json | tr -d ' \n' | sed -E 's/"uuid":"[0-9a-f-]{36}"/U/g')" \
	'[{U,"label":"films","bytes":12582912,"used_bytes":2097152},{U,"label":"music","bytes":4194304,"used_bytes":0}]'
run tool remove v w
uuid=$(tool volume list c | sed -n 's/ .*films$//p')
run tool create v $ssd --volume "$uuid" --size 12M
equal "grown" "$(sectors /dev/mapper/v)" 24576
cmp -n 2097152 /run/data /dev/mapper/v || die "the volume differs"
run tool remove v
run tool volume resize c films 1M
for name in "$uuid" music; do run tool volume remove c "$name"; done
equal "no volumes" "$(tool volume list c --json | tr -d " \n")" "[]"

echo "--- again and again, until told to stop, also while caches come and go"
[ -e /dev/pts/ptmx ] || { mkdir -p /dev/pts && mount -t devpts devpts /dev/pts && ln -sf pts/ptmx /dev/ptmx; } || die "no terminals"
looks() { [ "$(grep -c "$2" "$1")" -ge "$3" ]; } # FILE WHAT TIMES
more_looks() { wait_for 20 looks "$1" "$2" $(($(grep -c "$2" "$1") + 2)) || die "no more looks: $(cat "$1")"; }
# stopped SIGNAL FILE WHAT: the job looks more often, and ends with 0
stopped() {
	more_looks "$2" "$3"
	kill -"$1" $!
	wait $! || die "status $? after $1"
	! grep -q $'\033' "$2" || die "colours in a file"
}
"$DMBCACHE" top --delay 0.1 >/run/top &
top=$!
"$DMBCACHE" status --watch 0.1 --json c >/run/json &
stopped INT /run/json '"name": *"c"'
"$DMBCACHE" status --watch 0.1 c >/run/watch 2>/run/gone &
more_looks /run/watch '^c: '
run tool remove c
more_looks /run/gone '^dmbcache: c: there is no such device'
run tool create c $ssd $hdd
stopped TERM /run/watch '^c: clean'
more_looks /run/top '^c '
for _ in 1 2 3; do run tool remove c && run tool create c $ssd $hdd >/dev/null; done
more_looks /run/top '^c '
kill -INT $top
wait $top || die "top: status $?"
! tool status --watch 0.1 d >/run/out 2>&1 || die "watches what never was"
: >/run/terminal
{ wait_for 30 looks /run/terminal $'\033' 2 && printf '\003'; } | script -qefc "exec $DMBCACHE top --delay 0.2" /dev/null >/run/terminal || die "^C: status $?"
looks /run/terminal $'\033' 2 || die "a terminal is not cleared: $(cat /run/terminal)"
tool top --delay 0.1 | head -2 | grep -q '^c ' || die "into a pipe"
run tool mode c writeback
dd if=/run/data of=/dev/mapper/c bs=64k oflag=direct status=none || die write
script -qec "$DMBCACHE flush --wait c >/run/out" /dev/null >/run/terminal </dev/null || die "flush --wait: status $?"
grep -q '\[[#.]*\] .* left' /run/terminal && [ ! -s /run/out ] || die "no progress bar: $(cat /run/terminal /run/out)"

refused "$ssd: in use" check $ssd
refused "$ssd: in use" dump $ssd
refused "$ssd: in use" verify $ssd $hdd
refused "$ssd: in use" writeback $ssd $hdd
refused "$ssd: in use" repair --dry-run $ssd
refused "$ssd: in use" format --force --cache $ssd
run tool show $ssd $hdd >/dev/null
sleep 1000 </dev/mapper/c &
refused "in use" remove c
kill %1
wait
run tool remove c
[ ! -e /dev/mapper/c ] || die "remove left the node"
sound $ssd $hdd
refused "there is no such device" remove c
# another target is not ours
echo "0 1000 linear /dev/ram2 0" | dm create other && nodes
refused "not a cache but linear" remove other
equal "list" "$(tool list | wc -l)" 1
dm remove other
unload_module
