/** FIPS 180-4, of a text in ASCII. Pure folders have no `node:crypto`; the web's is asynchronous. */
export function sha256(text: string): Uint8Array {
  const state = Uint32Array.from(INITIAL)
  const message = padded(text)
  const words = new Uint32Array(64)
  for (let at = 0; at < message.length; at += 16) {
    words.set(message.subarray(at, at + 16))
    extend(words)
    compress(state, words)
  }
  return Uint8Array.from(
    [...state].flatMap((word) => [24, 16, 8, 0].map((by) => (word >>> by) & 255)),
  )
}

/** The text, a bit, zeros, and the length in bits, as 32 bit words. */
function padded(text: string): Uint32Array {
  const words = new Uint32Array((((text.length + 8) >> 6) << 4) + 16)
  const put = (at: number, byte: number): void => {
    words[at >> 2] = word(words, at >> 2) | (byte << (24 - (at & 3) * 8))
  }
  for (let at = 0; at < text.length; at++) put(at, text.charCodeAt(at))
  put(text.length, 0x80)
  words[words.length - 1] = text.length * 8
  return words
}

function extend(words: Uint32Array): void {
  for (let t = 16; t < 64; t++) {
    const a = word(words, t - 15)
    const b = word(words, t - 2)
    const s0 = turned(a, 7) ^ turned(a, 18) ^ (a >>> 3)
    const s1 = turned(b, 17) ^ turned(b, 19) ^ (b >>> 10)
    words[t] = word(words, t - 16) + s0 + word(words, t - 7) + s1
  }
}

function compress(state: Uint32Array, words: Uint32Array): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (let t = 0; t < 64; t++) {
    const s1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)
    const one = (h + s1 + ((e & f) ^ (~e & g)) + word(ROUNDS, t) + word(words, t)) | 0
    const s0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + one) | 0
    d = c
    c = b
    b = a
    a = (one + two) | 0
  }
  for (const [at, value] of [a, b, c, d, e, f, g, h].entries()) state[at] = word(state, at) + value
}

function word(words: Uint32Array, at: number): number {
  return words[at] ?? 0
}

function turned(value: number, by: number): number {
  return (value >>> by) | (value << (32 - by))
}

const PRIMES: readonly number[] = primes(64)
/** The first 32 bits of the fractions of square roots and cube roots of primes. */
const INITIAL: Uint32Array = Uint32Array.from(PRIMES.slice(0, 8), (prime) =>
  fraction(prime ** (1 / 2)),
)
const ROUNDS: Uint32Array = Uint32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)))

function fraction(value: number): number {
  return Math.floor((value % 1) * 0x1_0000_0000)
}

function primes(count: number): readonly number[] {
  const found: number[] = []
  for (let n = 2; found.length < count; n++)
    if (found.every((prime) => n % prime !== 0)) found.push(n)
  return found
}
