/** What a rule compares the input interface with. */
interface NamedInterface {
  readonly name: string
  readonly prefix: boolean
}

/** `meta iifname` (NFT_META_IIFNAME is 6) and the `cmp` behind it, as a digest has them. */
const IIFNAME = /meta\([^)]*2=00000006[^)]*\); cmp\([^)]*3=([0-9a-f]+)\)/g

/** IFNAMSIZ: an exact name is compared with its padding, a prefix without. */
const NAME_SIZE = 16

/** The interfaces that a rule is about, by its digest (see `ruleDigest`). */
export function interfacesIn(digest: string): readonly NamedInterface[] {
  return [...digest.matchAll(IIFNAME)].map(([, hex = '']) => {
    const bytes = Buffer.from(hex, 'hex')
    const name = bytes.toString('latin1').replace(/\0+$/, '')
    return { name, prefix: bytes.length < NAME_SIZE }
  })
}
