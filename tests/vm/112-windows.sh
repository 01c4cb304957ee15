#!/bin/bash
# Windows of five minutes, an hour and a day, for three hours: each counter of each window, and what dmbcache makes of them, is what
# exact arithmetic says of requests that are known. The machine's clock counts instructions, and jumps to the next timer whenever the
# machine has nothing to do.
# kernels: 6.1
# host
# timeout: 60
[ -n "${MODROOT:-}" ] || exec "$(dirname "$0")/../../scripts/vm-run" -i -k "${DMBC_KERNEL:-6.1}" -m 512 "$0"
. "$(dirname "$0")/lib.sh"
load_module
ramdisks 2 64
ssd=/dev/ram0 hdd=/dev/ram1

# A model that goes on tick by tick from the last look; what is new in the total came after the last tick. How many ticks there
# were is not asked: one number of them, that the time allows, must explain all of it.
cat >/run/model.py <<'END'
import json, os, sys

TICK, PERIOD = 300 / 22, {"five_minute": 1, "hour": 12, "day": 288}
DERIVED = {"cache_hits": lambda f: f["read_hit_requests"] - f["cache_bypass_hits"],
           "cache_misses": lambda f: f["read_miss_requests"],
           "cache_hit_ratio": lambda f: 100 * f["cache_hits"] // max(1, f["cache_hits"] + f["cache_misses"]),
           "cache_bypass_misses": lambda f: f["read_bypass_requests"],
           "bypassed": lambda f: f["read_bypass_bytes"] + f["write_bypass_bytes"]}
WORDS = {"total": "in all", "five_minute": "in five minutes", "hour": "in an hour", "day": "in a day"}

def unit(name):
    return 512 if name.endswith("_bytes") else 1 # sectors fade, not bytes

def fields(window):
    words = dict(word.split("=") for word in open("/run/before." + window).read().split())
    assert words.pop("window") == window
    return {name: int(value) for name, value in words.items()}

def modelled(window):
    f = {name: (value >> 16) * unit(name) for name, value in model["value"][window].items()}
    for name, formula in DERIVED.items():
        f[name] = formula(f)
    return f

def tick():
    model["ticks"] += 1
    for window, value in model["value"].items():
        for name in value:
            value[name] += model["new"][name] << 16
            if model["ticks"] % PERIOD[window] == 0:
                value[name] -= value[name] // 32
    model["new"] = dict.fromkeys(model["new"], 0)

def percent(f):
    reads = f["read_hit_requests"] + f["read_miss_requests"] + f["read_bypass_requests"]
    return 100 * f["read_hit_requests"] / reads if reads else None

seen = {window: fields(window) for window in WORDS}
total = {name: value // unit(name) for name, value in seen["total"].items() if name not in DERIVED}
zero = dict.fromkeys(total, 0)
if os.path.exists("/run/model"):
    model = json.load(open("/run/model"))
else:
    model = {"ticks": 0, "value": {w: dict(zero) for w in PERIOD}, "new": zero, "total": zero}
before = zero if sys.argv[1:] == ["cleared"] else model["total"]
model["new"] = {name: model["new"][name] + total[name] - before[name] for name in total}
model["total"] = total
age = lambda name: os.stat("/run/" + name).st_mtime - os.stat("/run/began").st_mtime
least, most = int(0.97 * age("before.total") / TICK), int(age("after.day") / TICK) + 1 # a tick may be a little late
while model["ticks"] < least or any(modelled(w) != seen[w] for w in PERIOD):
    if model["ticks"] == most:
        sys.exit(f"not what {least} to {most} ticks make of it: {seen}")
    tick()
json.dump(model, open("/run/model", "w"))

want = {window: percent(f) for window, f in seen.items()}
got = json.load(open("/run/json"))[0]["read_hit_percent"]
digits = lambda percents: [(w, p and round(p, 9)) for w, p in percents.items()]
if digits(got) != digits(want):
    sys.exit(f"dmbcache status --json: {got} instead of {want}")
line = ", ".join(f"{p:.1f} % {WORDS[w]}" for w, p in want.items() if p is not None)
if f"  read hits   {line}\n" not in open("/run/text").read():
    sys.exit(f"dmbcache status: no '{line}' but {open('/run/text').read()}")
print(model["ticks"], "ticks:", line)
END

look() { for window in total five_minute hour day; do message c stats $window >"/run/$1.$window" || die "stats $window"; done; }
# unchanged WINDOW...: between the looks "before" and "after"
unchanged() { for window; do cmp -s "/run/before.$window" "/run/after.$window" || return; done; }
# explained [cleared]: all that is shown now; "cleared": it was since the last time
explained() {
	for _ in 1 2 3 4 5 6 7 8 9; do
		look before
		"$DMBCACHE" status --json c >/run/json && "$DMBCACHE" status c >/run/text || die status
		look after
		unchanged total five_minute hour day && break
	done
	python3 /run/model.py "$@" || die "see above"
}
# requests: those of dd, 4 KiB each
reads() { dd if=/dev/mapper/c of=/dev/null bs=4k iflag=direct skip="$1" count="$2" status=none || die read; }
writes() { dd if=/dev/zero of=/dev/mapper/c bs=4k oflag=direct seek="$1" count="$2" status=none || die write; }
known() { # NAME VALUE...: of the total
	while [ $# -gt 0 ]; do
		tr ' ' '\n' </run/after.total | grep -qx "$1=$2" || die "$1 is not $2: $(cat /run/after.total)"
		shift 2
	done
}
# rest SECONDS: only now the machine may have nothing to do; else it would jump whenever it waits for a file of the host
nice -n 19 bash -c 'while :; do :; done' &
busy=$!
rest() {
	kill -STOP $busy
	sleep "$1"
	kill -CONT $busy
}
# begin: a new cache, and requests twice, each time between two ticks; false if a tick came in their midst
begin() {
	rm -f /run/model
	format $ssd $hdd --bucket 64K --block 4K
	touch /run/began
	create c $ssd $hdd writethrough sequential_cutoff 0
	[ "$(message c prefetch 0 2048)" = done_bytes=1048576 ] || die prefetch
	look before
	for _ in 1 2 3; do reads 0 256; done
	reads 1024 256
	message c cache_mode none
	reads 2048 512
	writes 2048 100
	look after
	unchanged five_minute hour day || return
	known read_hit_requests 768 read_miss_requests 256 read_bypass_requests 512 bypass_mode_reads 512 write_bypass_bytes 409600 cache_hit_ratio 75
	explained
	rest 16
	explained
	look before
	tr ' ' '\n' </run/before.five_minute | grep -q '^read_hit_requests=[2-9]..$' || return # or it would not tell of each tick
	for _ in 1 2 3 4; do reads 0 256; done
	look after
	unchanged five_minute hour day || return
	known read_hit_requests 1792 cache_bypass_hits 1024 cache_hits 768 cache_hit_ratio 75
	explained
}

for _ in 1 2 3 4 5; do
	begin && begun=yes && break
	remove c
done
[ -n "${begun:-}" ] || die "a tick in the midst of a few requests, again and again"
message c clear_stats # of the total alone
explained cleared
for seconds in 280 3300 7200; do
	rest $seconds
	explained
done
known read_hit_requests 0
[ -z "$(tr ' ' '\n' </run/after.five_minute | grep -v -e '=0$' -e window)" ] || die "after three hours: $(cat /run/after.five_minute)"
kill $busy
remove c
sound $ssd $hdd
unload_module
