#!/usr/bin/env python3
"""mutate_tools.py DMBCACHE SIM_IMAGE COUNT [SEED]: damaged caches for the tools.

The metadata of a cache is changed at random, half of the time with checksums set right again. No command may crash, hang or
end with a code that is not in its manual. What repair has repaired must not be broken for check, and the store must start it.
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../images"))
sys.dont_write_bytecode = True
import image as lib

dmbcache, sim, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
first = int(sys.argv[4]) if len(sys.argv) > 4 else int(time.time())
environment = dict(os.environ, ASAN_OPTIONS="exitcode=99", UBSAN_OPTIONS="halt_on_error=1:exitcode=99")
ODD = [0, 1, lib.ONES, 1 << 63, 0xFFFFFFFF, 0x7FFFFFFF, 0xFFFF]


def run(*command, stdin=None):
    return subprocess.run(command, capture_output=True, env=environment, timeout=60, stdin=stdin)


def objects(img):
    """(byte, bytes, function that sets the checksum right)"""
    found = [(4096, 208 + 8 * img.njournal, img.seal_super)]
    found += [(e.at, e.bytes, e.seal) for e in img.needed()]
    found += [(at, img.bucket_bytes, img.seal_prios) for at in img.prio_sets()]
    found.append((img.uuid_key().sector * lib.SECTOR, 4096, lambda: None))
    for node in img.nodes():
        found += [(s.at, s.bytes, s.seal) for s in node.sets()]
    return found


def odd(value, img):
    how = random.randrange(6)
    return [
        random.getrandbits(64),
        value ^ 1 << random.randrange(64),
        value + random.randrange(-1, 2),
        random.choice(ODD),
        random.randrange(img.buckets * img.bucket_sectors) << 8 | random.randrange(256),
        value ^ random.randrange(256) << 8 * random.randrange(8),
    ][how] & lib.ONES


def damage(img, places):
    at, size, seal = random.choice(places)
    for _ in range(random.randrange(1, 4)):
        words = size // 8
        where = at + 8 * random.randrange(min(words, 30) if random.randrange(2) else words)
        img.put64(where, odd(img.get64(where), img))
    if random.randrange(2):
        try:
            seal()
        except (IndexError, OverflowError):
            pass


def fail(seed, what, result):
    print(f"seed {seed}: {what}: code {result.returncode}\n{result.stdout[-2000:].decode(errors='replace')}"
          f"\n{result.stderr[-4000:].decode(errors='replace')}")
    sys.exit(1)


def expect(seed, codes, *command):
    result = run(*command)
    if result.returncode not in codes:
        fail(seed, " ".join(command), result)
    return result.returncode


def one(seed, base, folder):
    random.seed(seed)
    img = lib.Image(base)
    places = objects(img)
    for _ in range(random.randrange(1, 4)):
        damage(img, places)
    img.path = os.path.join(folder, "x")
    img.save()
    verdict = expect(seed, range(8), dmbcache, "check", img.path)
    expect(seed, range(8), dmbcache, "dump", "--force", img.path)
    expect(seed, range(8), dmbcache, "writeback", "--dry-run", "--force", img.path, base + ".hdd0")
    repaired = expect(seed, range(8), dmbcache, "repair", "--no-backup", img.path, "--backing", base + ".hdd0")
    if repaired not in (0, 7):
        return verdict, repaired
    after = expect(seed, (0, 5, 7), dmbcache, "check", img.path)
    if after == 7 and verdict < 7 and repaired == 0:
        fail(seed, "check is worse after repair", run(dmbcache, "check", img.path))
    served = run(sim, "serve", img.path)
    if served.returncode:
        fail(seed, "the store refuses what was repaired", served)
    return verdict, repaired


def main():
    folder = tempfile.mkdtemp()
    tally = {}
    base = os.path.join(folder, "base")
    for number in range(count):
        seed = first + number
        if number % 50 == 0:
            made = run(sim, "make", base, str(seed % 1000), "crash", "600", "16", random.choice("18"), "5000", "16")
            if made.returncode:
                fail(seed, "the base image", made)
        result = one(seed, base, folder)
        tally[result] = tally.get(result, 0) + 1
    shutil.rmtree(folder)
    print(f"{count} images from seed {first}; (check, repair): " + ", ".join(f"{k}: {v}" for k, v in sorted(tally.items())))


main()
