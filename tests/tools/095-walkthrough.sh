#!/bin/bash
# The commands of docs/walkthrough.md, in order, with the output that it shows.
# timeout: 60
. "$(dirname "$0")/lib.sh"
need_sim
mkdir bin && ln -s "$dmbcache" bin/dmbcache && PATH=$work/bin:$PATH

# What the page cannot do without a kernel: use, power cut, damage.
"$sim" make fast-ssd 9 crash 600 16 1 6000 16 || fail "image"
mv fast-ssd.hdd0 fast-disk0 && mv fast-ssd.hdd1 fast-disk1
cp fast-ssd broken-ssd && python3 "$repo/tests/images/60-interior-checksum" broken-ssd || fail "damage"

python3 - "$repo/docs/walkthrough.md" <<'END' || fail "the walk-through"
import re, subprocess, sys
failed = steps = 0
for block in re.findall(r"^```\n(.*?)^```", open(sys.argv[1], encoding="utf-8").read(), re.S | re.M):
    for step in re.split(r"^\$ ", block, flags=re.M)[1:]:
        command, _, wanted = step.partition("\n")
        got = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        pattern = "".join(".*" if piece == "…" else re.escape(piece) for piece in re.split("(…)", wanted))
        steps += 1
        if not re.fullmatch(pattern, got, re.S):
            failed += 1
            print(f"$ {command}\nwanted:\n{wanted}\ngot:\n{got}")
print(f"{steps} commands")
sys.exit(failed > 0 or steps < 20)
END
finish
