/** The name or prefix that a rule compares the input interface with. */
interface NamedInterface {
  readonly name: string
  readonly prefix: boolean
}

/** `meta iifname` (NFT_META_IIFNAME is 6) and the `cmp` after it, in the text of a digest. */
const IIFNAME = /meta\([^)]*2=00000006[^)]*\); cmp\([^)]*3=([0-9a-f]+)\)/g

/** IFNAMSIZ: an exact name is compared together with its padding, a prefix without any. */
const NAME_SIZE = 16

/** Returns the interfaces that a rule compares with, from its digest (see `ruleDigest`). */
export function interfacesIn(digest: string): readonly NamedInterface[] {
  return [...digest.matchAll(IIFNAME)].map(([, hex = '']) => {
    const bytes = Buffer.from(hex, 'hex')
    const name = bytes.toString('latin1').replace(/\0+$/, '')
    return { name, prefix: bytes.length < NAME_SIZE }
  })
}
