#!/bin/bash
# Every message of the sources with which dmbcache or its library refuses or fails says what to do, behind why.
. "$(dirname "$0")/lib.sh"
python3 - "$repo"/userspace/tools/*.c "$repo"/userspace/libdmbc/*.c >found <<'END_OF_PYTHON' || fail "the sources cannot be read"
import re, sys

CALL = re.compile(r"\b(?:tool_refuse|dmbc_error_set|snprintf(?=\(err->text))\(")
TOKEN = re.compile(r'"((?:\\.|[^"\\])*)"|[()]')
ADVICE = re.compile(r"; [a-z%]|\b(use|give|name|say|leave|write it as) ")
calls = 0
for path in sys.argv[1:]:
    source = open(path).read()
    for call in CALL.finditer(source):
        text, depth = "", 1
        for token in TOKEN.finditer(source, call.end()):
            depth += {"(": 1, ")": -1}.get(token.group(), 0)
            if not depth:
                break
            text += token.group(1) or ""
        calls += 1
        if len(text) > 2 and not ADVICE.search(text): # else it is passed on
            print(f"{path}:{source.count(chr(10), 0, call.start()) + 1}: {text}")
if calls < 150:
    print("only", calls, "messages found")
END_OF_PYTHON
[ ! -s found ] || { fail "messages without advice"; cat found; }
finish
