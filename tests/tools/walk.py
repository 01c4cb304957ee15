#!/usr/bin/env python3
"""walk.py PAGE KIND [PART]: runs the commands of a page, in order, and compares what they print with what the page shows.

A command is a line "$ ..." in a code block; the lines up to the next one are its output, in which … stands for anything. KIND
is what follows the block's opening ```, "plain" for nothing. The page is cut in parts, counted from 1, by lines
<!-- WORDS: what happens there that no command does -->.
"""
import re
import subprocess
import sys

page, kind = sys.argv[1:3]
text = open(page, encoding="utf-8").read()
if len(sys.argv) > 3:
    text = re.split(r"^<!-- .*: .* -->$", text, flags=re.M)[int(sys.argv[3]) - 1]
failed = steps = 0
for opening, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.S | re.M):
    if (opening or "plain") != kind:
        continue
    for step in re.split(r"^\$ ", block, flags=re.M)[1:]:
        command, _, wanted = step.partition("\n")
        got = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        pattern = "".join(".*" if piece == "…" else re.escape(piece) for piece in re.split("(…)", wanted))
        steps += 1
        if not re.fullmatch(pattern, got, re.S):
            failed += 1
            print(f"$ {command}\nwanted:\n{wanted}\ngot:\n{got}")
print(f"{steps} commands")
sys.exit(failed > 0 or not steps)
