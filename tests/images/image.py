"""A cache image as the generators beside this file change it: parts found, fields named, checksums made right.

A generator is run as  NN-name SSD HDD0 HDD1  and changes these files. Its head says what is expected of the result:
    # base: crash|stop|big     the image it changes (see corruptions.sh)
    # check: CODE [FINDING]    exit code and one finding of `dmbcache check SSD --backing HDD0 --backing HDD1`
    # repair: CODE [CHECK]     exit code of `dmbcache repair`; that of `check` afterwards, where it is not 0 or 5
    # kernel: serves|refuses   what the store of the module does
"""
import struct
import sys

SECTOR = 512
BSET, JSET, PSET = 0x90135C78B99E07F5, 0x245235C1A3625032, 0x6750E15F87337F91
ONES = (1 << 64) - 1


def make_table():
    table = []
    for byte in range(256):
        crc = byte << 56
        for _ in range(8):
            crc = (crc << 1 ^ (0x42F0E1EBA9EA3693 if crc >> 63 else 0)) & ONES
        table.append(crc)
    return table


TABLE = make_table()


def checksum(data, seed=ONES):
    for byte in data:
        seed = (seed << 8 & ONES) ^ TABLE[seed >> 56 ^ byte]
    return seed ^ ONES


class Key:
    """One key at a byte of the image; writing a field changes the image."""

    def __init__(self, image, at):
        self.image, self.at = image, at

    def _bits(word, shift, bits):
        def get(self):
            return self.image.get64(self.at + 8 * word) >> shift & ((1 << bits) - 1)

        def put(self, value):
            mask = ((1 << bits) - 1) << shift
            old = self.image.get64(self.at + 8 * word)
            self.image.put64(self.at + 8 * word, old & ~mask | value << shift & mask)

        return property(get, put)

    inode, size, dirty, pointers = _bits(0, 0, 20), _bits(0, 20, 16), _bits(0, 36, 1), _bits(0, 60, 3)
    end = _bits(1, 0, 64)
    gen, sector, device = _bits(2, 0, 8), _bits(2, 8, 43), _bits(2, 51, 12)

    words = property(lambda self: 2 + self.pointers)
    start = property(lambda self: self.end - self.size)
    pointer = property(lambda self: self.image.get64(self.at + 16))
    bucket = property(lambda self: self.sector // self.image.bucket_sectors)

    def raw(self):
        return bytes(self.image.data[self.at : self.at + 8 * self.words])


class Set:
    """A set of a node, or (header 240) a journal entry."""

    def __init__(self, image, at, seed, header=32):
        self.image, self.at, self.seed, self.header = image, at, seed, header

    seq = property(lambda self: self.image.get64(self.at + 16))
    words = property(lambda self: self.image.get32(self.at + 28))
    bytes = property(lambda self: self.header + 8 * self.words)

    def keys(self):
        at, end = self.at + self.header, self.at + self.bytes
        while at < end:
            key = Key(self.image, at)
            yield key
            at += 8 * key.words

    def replace_keys(self, raw):
        """Other keys in its place; needs room."""
        self.image.put32(self.at + 28, sum(map(len, raw)) // 8)
        self.image.data[self.at + self.header : self.at + self.header + sum(map(len, raw))] = b"".join(raw)
        self.seal()

    def seal(self):
        self.image.put64(self.at, checksum(self.image.data[self.at + 8 : self.at + self.bytes], self.seed))

    def flip(self):
        """One wrong bit, of the last key: it can be found."""
        self.image.data[self.at + self.bytes - 8] ^= 0x10

    def spoil(self):
        """Several wrong bits of the last key."""
        self.flip()
        self.image.data[self.at + self.bytes - 7] ^= 0x41

    def end(self):
        block = self.image.block_sectors * SECTOR
        return self.at + (self.bytes + block - 1) // block * block


class Node:
    def __init__(self, image, key, level, parent):
        self.image, self.key, self.level, self.parent = image, key, level, parent
        self.at, self.pointer = key.sector * SECTOR, key.pointer
        self.node_end = self.at + key.size * SECTOR

    def sets(self):
        found, at = [], self.at
        first = self.image.get64(at + 16)
        while at < self.node_end and self.image.get64(at + 16) == first:
            found.append(Set(self.image, at, self.pointer))
            at = found[-1].end()
        return found

    def live(self):
        """Key by place, the last set wins, and what was freed since is not there; of interior nodes."""
        keys = {}
        for s in self.sets():
            for key in s.keys():
                if key.end or key.inode:
                    keys[key.inode, key.end] = key
        for s in self.sets():
            for key in s.keys():
                if not key.end and not key.inode:
                    keys = {p: k for p, k in keys.items() if k.sector != key.sector or not 0 < (key.gen - k.gen) % 256 < 128}
        return [keys[p] for p in sorted(keys)]

    def mark(self, journal_seq):
        """The key at the head of a set that says since when the journal has its keys."""
        seq = journal_seq & 0xFFFFFFFF
        said = struct.pack("<QQQ", self.sets()[0].seq, self.pointer, seq)
        return struct.pack("<QQQ", 9 << 60, 0, 4095 << 51 | checksum(said) >> 45 << 32 | seq)

    def has_room(self):
        """For a set of a block."""
        return self.sets()[-1].end() + self.image.block_sectors * SECTOR <= self.node_end

    def append(self, raw):
        """A new last set of a block; needs room; returns it."""
        if not self.has_room():
            sys.exit(f"{sys.argv[0]}: no room in the node")
        new = Set(self.image, self.sets()[-1].end(), self.pointer)
        self.image.data[new.at + 8 : new.at + 28] = self.image.data[self.at + 8 : self.at + 28]
        new.replace_keys(raw)
        return new


class Image:
    def __init__(self, path):
        self.path = path
        self.data = bytearray(open(path, "rb").read())
        self.block_sectors, self.bucket_sectors = struct.unpack_from("<HH", self.data, 4096 + 192)
        self.buckets = self.get64(4096 + 184)
        self.first_bucket, self.njournal = struct.unpack_from("<HH", self.data, 4096 + 204)
        self.magic = self.get64(4096 + 56)
        self.bucket_bytes = self.bucket_sectors * SECTOR

    def get64(self, at):
        return struct.unpack_from("<Q", self.data, at)[0]

    def put64(self, at, value):
        struct.pack_into("<Q", self.data, at, value & ONES)

    def get32(self, at):
        return struct.unpack_from("<I", self.data, at)[0]

    def put32(self, at, value):
        struct.pack_into("<I", self.data, at, value)

    def get16(self, at):
        return struct.unpack_from("<H", self.data, at)[0]

    def put16(self, at, value):
        struct.pack_into("<H", self.data, at, value)

    def save(self):
        open(self.path, "wb").write(self.data)

    # ---- super block

    def seal_super(self):
        keys = min(self.get16(4096 + 206), 256)
        self.put64(4096, checksum(self.data[4096 + 8 : 4096 + 208 + 8 * keys]))

    # ---- journal

    def entries(self):
        found, block = [], self.block_sectors * SECTOR
        for bucket in range(self.first_bucket, self.first_bucket + self.njournal):
            at, end = bucket * self.bucket_bytes, (bucket + 1) * self.bucket_bytes
            while at < end and self.get64(at + 8) == self.magic ^ JSET:
                entry = Set(self, at, ONES, 240)
                if self.get64(at) != checksum(self.data[at + 8 : at + entry.bytes]):
                    break
                found.append(entry)
                at = entry.end()
        return sorted(found, key=lambda e: e.seq)

    def newest(self):
        return self.entries()[-1]

    def needed(self):
        newest = self.newest()
        return [e for e in self.entries() if e.seq >= self.get64(newest.at + 32)]

    def newest_bucket(self):
        """The needed entries beside the newest; behind a damaged one of these nothing is seen any more."""
        return [e for e in self.needed() if e.at // self.bucket_bytes == self.newest().at // self.bucket_bytes]

    def uuid_key(self):
        return Key(self, self.newest().at + 40)

    def root_key(self):
        return Key(self, self.newest().at + 104)

    # ---- prio sets

    def prio_sets(self):
        """Byte of each."""
        per = (self.bucket_bytes - 40) // 3
        bucket, found = self.get64(self.newest().at + 176), []
        while len(found) * per < self.buckets:
            found.append(bucket * self.bucket_bytes)
            bucket = self.get64(found[-1] + 32)
        return found

    def prio_at(self, bucket):
        per = (self.bucket_bytes - 40) // 3
        return self.prio_sets()[bucket // per] + 40 + 3 * (bucket % per)

    def gen(self, bucket):
        return self.data[self.prio_at(bucket) + 2]

    def set_gen(self, bucket, gen):
        self.data[self.prio_at(bucket) + 2] = gen & 0xFF
        self.seal_prios()

    def seal_prios(self):
        for at in self.prio_sets():
            self.put64(at, checksum(self.data[at + 8 : at + self.bucket_bytes]))

    # ---- index

    def nodes(self, level=None):
        found = []

        def walk(key, depth, parent):
            node = Node(self, key, depth, parent)
            found.append(node)
            if depth:
                for child in node.live():
                    walk(child, depth - 1, node)

        walk(self.root_key(), self.get16(self.newest().at + 168), None)
        return [n for n in found if level is None or n.level == level]

    def leaves(self):
        return self.nodes(0)

    def root(self):
        return self.nodes()[0]

    def current(self, key):
        return key.pointers and (self.gen(key.bucket) - key.gen) % 256 == 0

    def journal_covers(self, key):
        return any(
            k.inode == key.inode and k.start < key.end and key.start < k.end for e in self.needed() for k in e.keys()
        )

    def place(self, node):
        """Of a leaf among all, in order."""
        return [n.at for n in self.leaves()].index(node.at)

    def first_dirty(self, bucket):
        """Place of the first leaf with dirty data in the bucket."""
        places = (i for i, n in enumerate(self.leaves()) for s in n.sets() for k in s.keys()
                  if k.size and k.dirty and k.bucket == bucket and self.current(k))
        return next(places)

    def pick(self, dirty=True, where=lambda node, s, key: True):
        """A current key of a leaf that nothing newer covers: (node, set, key)."""
        for node in self.leaves():
            sets = node.sets()
            for number, s in enumerate(sets):
                for key in s.keys():
                    if not key.size or not self.current(key) or bool(key.dirty) != dirty or self.journal_covers(key):
                        continue
                    later = [k for t in sets[number + 1 :] for k in t.keys()]
                    if any(k.inode == key.inode and k.start < key.end and key.start < k.end for k in later):
                        continue
                    if where(node, s, key):
                        return node, s, key
        sys.exit(f"{sys.argv[0]}: no such key in the base image")


def edit():
    """The SSD's image, to be saved by the generator."""
    return Image(sys.argv[1])
