"""Known answers for test_crypto_formats.c, from an implementation that shares no code with ours: run it and keep what it
prints as crypto_vectors.h. Formats: common/crypto/key_format.h, digest.c, keyring.c, seal.c."""
import hashlib
import struct
import zlib

MASK = 0xFFFFFFFF


def rotate(v, n):
    return (v << n | v >> (32 - n)) & MASK


def quarter(s, a, b, c, d):
    s[a] = (s[a] + s[b]) & MASK; s[d] = rotate(s[d] ^ s[a], 16)
    s[c] = (s[c] + s[d]) & MASK; s[b] = rotate(s[b] ^ s[c], 12)
    s[a] = (s[a] + s[b]) & MASK; s[d] = rotate(s[d] ^ s[a], 8)
    s[c] = (s[c] + s[d]) & MASK; s[b] = rotate(s[b] ^ s[c], 7)


def rounds(state):
    s = list(state)
    for _ in range(10):
        for q in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                  (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(s, *q)
    return s


CONSTANTS = struct.unpack("<4I", b"expand 32-byte k")


def chacha20(key, counter, nonce, data):  # RFC 8439 2.4
    out = b""
    for at in range(0, len(data), 64):
        state = list(CONSTANTS + struct.unpack("<8I", key)) + [counter + at // 64] + list(struct.unpack("<3I", nonce))
        block = struct.pack("<16I", *((a + b) & MASK for a, b in zip(state, rounds(state))))
        out += bytes(a ^ b for a, b in zip(data[at:at + 64], block))
    return out


def hchacha20(key, nonce16):  # draft-irtf-cfrg-xchacha 2.2
    s = rounds(list(CONSTANTS + struct.unpack("<8I", key) + struct.unpack("<4I", nonce16)))
    return struct.pack("<8I", *(s[:4] + s[12:]))


def poly1305(key, data):  # RFC 8439 2.5
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at:at + 16] + b"\1", "little")) * r % ((1 << 130) - 5)
    return ((total + int.from_bytes(key[16:], "little")) & ((1 << 128) - 1)).to_bytes(16, "little")


def pad16(data):
    return data + bytes(-len(data) % 16)


def xchacha20poly1305(key, nonce, associated, plain):
    sub, short = hchacha20(key, nonce[:16]), bytes(4) + nonce[16:]
    cipher = chacha20(sub, 1, short, plain)
    mac_key = chacha20(sub, 0, short, bytes(32))
    lengths = struct.pack("<QQ", len(associated), len(cipher))
    return nonce + cipher + poly1305(mac_key, pad16(associated) + pad16(cipher) + lengths)


def doubled(b):
    return (b << 1 ^ (0x11B if b & 128 else 0)) & 255


def s_box():
    """FIPS 197 5.1.1, by walking the field with the generator 3 and its inverse."""
    box, p, q = [0x63] * 256, 1, 1
    while True:
        p ^= doubled(p)
        for shift in (1, 2, 4):
            q = (q ^ q << shift) & 255
        if q & 128:
            q ^= 9
        box[p] = 0x63 ^ q
        for turn in range(1, 5):
            box[p] ^= (q << turn | q >> (8 - turn)) & 255
        if p == 1:
            return box


BOX = s_box()


def aes256_schedule(key):  # FIPS 197 5.2
    words, constant = [list(key[at:at + 4]) for at in range(0, 32, 4)], 1
    for i in range(8, 60):
        word = words[-1]
        if i % 8 == 0:
            word = [BOX[b] for b in word[1:] + word[:1]]
            word[0] ^= constant
            constant = doubled(constant)
        elif i % 8 == 4:
            word = [BOX[b] for b in word]
        words.append([a ^ b for a, b in zip(words[-8], word)])
    return [sum(words[at:at + 4], []) for at in range(0, 60, 4)]


def aes256(schedule, block):  # FIPS 197 5.1
    s = [a ^ b for a, b in zip(block, schedule[0])]
    for number, key in enumerate(schedule[1:], 1):
        s = [BOX[s[(at + 4 * (at % 4)) % 16]] for at in range(16)]
        if number < 14:
            s = [doubled(c[r]) ^ doubled(c[(r + 1) % 4]) ^ c[(r + 1) % 4] ^ c[(r + 2) % 4] ^ c[(r + 3) % 4]
                 for c in (s[at:at + 4] for at in range(0, 16, 4)) for r in range(4)]
        s = [a ^ b for a, b in zip(s, key)]
    return bytes(s)


def ghash(h, data):  # SP 800-38D 6.3, 6.4
    y = 0
    for at in range(0, len(data), 16):
        x, y, v = y ^ int.from_bytes(data[at:at + 16], "big"), 0, int.from_bytes(h, "big")
        for bit in range(127, -1, -1):
            y ^= v if x >> bit & 1 else 0
            v = v >> 1 ^ (0xE1 << 120 if v & 1 else 0)
    return y.to_bytes(16, "big")


def aes256_gcm(key, nonce12, associated, plain):  # SP 800-38D 7.1
    schedule = aes256_schedule(key)
    cipher = b""
    for at in range(0, len(plain), 16):
        block = aes256(schedule, nonce12 + struct.pack(">I", 2 + at // 16))
        cipher += bytes(a ^ b for a, b in zip(plain[at:at + 16], block))
    lengths = struct.pack(">QQ", 8 * len(associated), 8 * len(cipher))
    hashed = ghash(aes256(schedule, bytes(16)), pad16(associated) + pad16(cipher) + lengths)
    tag = bytes(a ^ b for a, b in zip(hashed, aes256(schedule, nonce12 + struct.pack(">I", 1))))
    return nonce12 + cipher + tag


assert aes256(aes256_schedule(bytes(range(32))), bytes.fromhex("00112233445566778899aabbccddeeff")).hex() == \
    "8ea2b7ca516745bfeafc49904b496089"  # FIPS 197 C.3


def texts(*parts):
    return b"".join(struct.pack(">I", len(p)) + p.encode() for p in parts)


def absorbed(*parts):
    return b"".join(struct.pack("<I", len(p)) + p.encode() for p in parts)


ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def base62(number, digits):
    out = ""
    for _ in range(digits):
        number, digit = divmod(number, 62)
        out = ALPHABET[digit] + out
    return out


def key_text(head, ulid, secret):
    body = f"{head}_{ulid}_" + base62(int.from_bytes(secret, "big"), 43)
    return body + base62(zlib.crc32(body.encode()), 6)


def run(start, length):
    return bytes((start + i) & 255 for i in range(length))


def show(name, value):
    if isinstance(value, str):
        print(f'static const char {name}[] = "{value}";')
        return
    rows = [", ".join(f"0x{b:02x}" for b in value[at:at + 14]) for at in range(0, len(value), 14)]
    print(f"static const uint8_t {name}[] = {{\n\t" + ",\n\t".join(rows) + "\n};")


ULID = "01jd6x3v8q9r0s1t2v3w4x5y6z"
SECRET, PEPPER, ROOT, TENANT_KEY, DATA_KEY, TOKEN_KEY = (run(start, 32) for start in range(0, 192, 32))
TENANT, RECORD, OWNER = "tnt_" + ULID, "crd_" + ULID, "usr_" + ULID

derived = hashlib.blake2b(absorbed("latchkey/key-digest/v1", "instance-1"), key=PEPPER, digest_size=32).digest()
digest = hashlib.blake2b(absorbed(TENANT, "key_" + ULID) + SECRET, key=derived, digest_size=32).digest()

wrap_bound = texts("latchkey/wrapped-key/v1", "root-1", "tenant-key", TENANT)
wrapped = b"LKW1" + bytes([6]) + b"root-1" + xchacha20poly1305(ROOT, run(200, 24), wrap_bound, TENANT_KEY)

token_bound = texts("latchkey/wrapped-key/v1", "token-1", "tenant-key", TENANT)
token_wrapped = b"LKW2" + bytes([7]) + b"token-1" + aes256_gcm(TOKEN_KEY, run(230, 12), token_bound, TENANT_KEY)

bound = texts("credential", TENANT, RECORD, OWNER, "aws") + struct.pack(">QQ", 7, 1790000000000)
plain = b"AKIDEXAMPLE\0wJalrXUtnFEMI"
padded = plain + b"\x80" + bytes(255 - len(plain))
record = (b"LKR1" + xchacha20poly1305(TENANT_KEY, run(10, 24), texts("latchkey/record-key/v1") + bound, DATA_KEY)
          + xchacha20poly1305(DATA_KEY, run(50, 24), texts("latchkey/record-data/v1") + bound, padded))

print("/* Printed by crypto_vectors.py; not edited. Keys are runs of bytes: secret from 0, pepper from 32, root from 64, tenant from"
      " 96. */")
print("#ifndef LK_TESTS_CRYPTO_VECTORS_H\n#define LK_TESTS_CRYPTO_VECTORS_H\n\n#include <stdint.h>\n")
show("vector_api_key", key_text("lk", ULID, SECRET))
show("vector_session_key", key_text("lks", ULID, bytes(32)))
show("vector_ticket", key_text("acmet", ULID, b"\xff" * 32))
show("vector_key_digest", digest)
show("vector_hash256_parts", hashlib.blake2b(absorbed("label", "a", "", "bc"), digest_size=32).digest())
show("vector_wrapped_key", wrapped)
show("vector_token_key", TOKEN_KEY)
show("vector_token_wrapped_key", token_wrapped)
show("vector_record_plain", plain)
show("vector_record", record)
print("\n#endif")
