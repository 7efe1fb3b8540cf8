import { nftIsMissing } from './nft-support.ts'
import { defaultFlavour, type Flavour, type FlavourPrograms, findPrograms } from './programs.ts'
import { type Survey, survey } from './survey.ts'

export type FlavourChoice =
  | {
      readonly kind: 'chosen'
      readonly programs: FlavourPrograms
      /** Why this flavour was chosen, for the log. */
      readonly reason: string
      /** The other flavour, if it holds chains of nodelb: clean it once this one has them. */
      readonly leftover: FlavourPrograms | undefined
    }
  | { readonly kind: 'unavailable'; readonly reason: string }

/**
 * Chooses between the flavours; `path` is the content of PATH. `unavailable` where the chosen one
 * has no programs for IPv4.
 */
export async function chooseFlavour(
  wanted: Flavour | 'auto',
  path?: string,
): Promise<FlavourChoice> {
  const nft = await findPrograms('nft', path)
  const legacy = await findPrograms('legacy', path)
  const surveys = { nft: await survey(nft), legacy: await survey(legacy) }
  const choice =
    wanted === 'auto'
      ? judge(surveys, await nftIsMissing(), await defaultFlavour(path))
      : { flavour: wanted, reason: 'the configuration says so' }
  const [programs, other] = choice.flavour === 'nft' ? [nft, legacy] : [legacy, nft]
  const { ip } = programs.families
  if (ip.kind === 'missing') return { kind: 'unavailable', reason: ip.reason }
  const leftover = surveys[other.flavour].own > 0 ? other : undefined
  return { kind: 'chosen', programs, reason: choice.reason, leftover }
}

/**
 * Chooses in this order: the only flavour installed; legacy, where the kernel has no nftables; the
 * kubelet's flavour; the one that already has nodelb's chains, because a few rules of other
 * programs should not make every start choose differently; the one with more rules of other
 * programs; the host's own.
 */
function judge(
  { nft, legacy }: { readonly nft: Survey; readonly legacy: Survey },
  missing: string | undefined,
  ofHost: Flavour | undefined,
): { readonly flavour: Flavour; readonly reason: string } {
  if (nft.installed !== legacy.installed) {
    const { flavour } = nft.installed ? nft : legacy
    return { flavour, reason: 'no other flavour is installed' }
  }
  if (missing !== undefined) {
    return { flavour: 'legacy', reason: `the kernel has no nftables (${missing})` }
  }
  for (const { flavour, hint } of [nft, legacy]) {
    if (hint !== undefined) return { flavour, reason: `the kubelet made the chain ${hint} there` }
  }
  if (nft.own > 0 !== legacy.own > 0) {
    const { flavour } = nft.own > 0 ? nft : legacy
    return { flavour, reason: 'the chains of nodelb are there already' }
  }
  if (nft.rules !== legacy.rules) {
    const [more, less] = nft.rules > legacy.rules ? [nft, legacy] : [legacy, nft]
    const reason = `others have ${more.rules} rules there, ${less.rules} in ${less.flavour}`
    return { flavour: more.flavour, reason }
  }
  const flavour = ofHost ?? 'nft'
  return { flavour, reason: `the program iptables of this host is ${flavour}` }
}
