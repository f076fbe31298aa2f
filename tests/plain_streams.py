"""The words of docs/streams.md again, in plain Python."""

import itertools

MASK = 2**64 - 1


def rotl(x, r):
    return ((x << r) | (x >> (64 - r))) & MASK


def threefry(key, counter):
    rotations = [(14, 16), (52, 57), (23, 40), (5, 37), (25, 33), (46, 12), (58, 22), (32, 32)]
    k = [*key, 0x1BD11BDAA9FC1A22 ^ key[0] ^ key[1] ^ key[2] ^ key[3]]
    x = [(c + word) & MASK for c, word in zip(counter, k, strict=False)]
    for r in range(20):
        p, q = (1, 3) if r % 2 == 0 else (3, 1)
        x[0] = (x[0] + x[p]) & MASK
        x[p] = rotl(x[p], rotations[r % 8][0]) ^ x[0]
        x[2] = (x[2] + x[q]) & MASK
        x[q] = rotl(x[q], rotations[r % 8][1]) ^ x[2]
        if r % 4 == 3:
            m = r // 4 + 1
            x = [(x[w] + k[(m + w) % 5] + (m if w == 3 else 0)) & MASK for w in range(4)]
    return x


def engine(state):
    """Yield the outputs of xoshiro256++."""
    s0, s1, s2, s3 = state
    while True:
        yield (rotl((s0 + s3) & MASK, 23) + s0) & MASK
        t = (s1 << 17) & MASK
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= t
        s3 = rotl(s3, 45)


def block_words(key, call, block, count):
    """Return the first words of a block."""
    engines = [engine(threefry(key, (block, call, lane, 0))) for lane in range(8)]
    rounds = zip(*engines, strict=True)
    return tuple(itertools.islice(itertools.chain.from_iterable(rounds), count))
