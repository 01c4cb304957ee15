#!/usr/bin/env python3
"""table.py FILE: the lines "CELL system cell iops p99" of a run as a table, with ratios and a verdict on dm-bcache."""
import sys

OURS, GOAL = "dm-bcache", 0.60
iops, systems, cells = {}, [], []
for line in open(sys.argv[1], errors="replace"):
    word = line.split()
    if len(word) < 4 or word[0] != "CELL":
        continue
    iops[word[1], word[2]] = int(word[3])
    if word[1] not in systems:
        systems.append(word[1])
    if word[2] not in cells:
        cells.append(word[2])
WATCHED = "read-hit-watched"  # with somebody reading the status 100 times a second
watched = iops.get((OURS, WATCHED))
cells = [c for c in cells if c != WATCHED]


def ratio(cell, other):
    ours, theirs = iops.get((OURS, cell)), iops.get((other, cell))
    return ours / theirs if ours and theirs else None


def shown(value, form):
    return "-" if value is None else format(value, form)


peers = [p for p in ("linear", "bcache") if p in systems and OURS in systems]
print(f"{'':14}" + "".join(f"{s:>12}" for s in systems) + "".join(f"{'/ ' + p:>10}" for p in peers))
for cell in cells:
    print(f"{cell:14}" + "".join(f"{shown(iops.get((s, cell)), ','):>12}" for s in systems)
          + "".join(f"{shown(ratio(cell, p), '.2f'):>10}" for p in peers))

good = bool(cells)
if "bcache" in peers:
    behind = [c for c in cells if not (ratio(c, "bcache") or 0) > 1]
    print("ahead of bcache in every cell" if not behind else f"not ahead of bcache in: {', '.join(behind)}")
    good &= not behind
if "linear" in peers and "read-hit" in cells:
    hit = ratio("read-hit", "linear") or 0
    print(f"read hits: {hit:.2f} of linear, {'reached' if hit >= GOAL else 'not reached'}: {GOAL:.2f}")
    good &= hit >= GOAL
if watched and iops.get((OURS, "read-hit")):
    cost = 100 * (1 - watched / iops[OURS, "read-hit"])
    print(f"status read 100 times a second costs {cost:.2f} %, allowed: 1 %")
    good &= cost < 1
sys.exit(0 if good else 1)
