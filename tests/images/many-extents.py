"""many-extents.py EXTENTS BUCKETS: the dump of a cache with extents of 4 KiB, gaps between them, a third of them dirty, in buckets
of 512 KiB; for dmbcache restore."""
import sys

nr, buckets = map(int, sys.argv[1:])
out = sys.stdout.write
uuid = "00000000-0000-0000-0000-00000000000"
used = (nr + 127) // 128
out(f"super format=1 uuid={uuid}1 set_uuid={uuid}2 label= version=3 incompat=0 flags=1 seq=1 last_mount=0 block_size=8 "
    f"bucket_size=1024 buckets={buckets} first_bucket=1 journal=256 node_size=512 journal_seq=1 prio_seq=1 extents={nr}\n")
out(f"disk slot=0 uuid={uuid}3 label= first=0 last=0 invalidated=0 flags=0 sectors=0\n")
for b in range(used):
    out(f"bucket number={b + 300} gen=3 prio=32768 data=1\n")
for i in range(nr):
    out(f"extent disk=0 start={16 + 24 * i} sectors=8 at={(300 + i // 128) * 1024 + i % 128 * 8} gen=3 dirty={int(i % 3 == 0)}\n")
out(f"end disks=1 buckets={used} extents={nr}\n")
