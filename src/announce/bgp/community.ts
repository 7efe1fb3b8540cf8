/** A BGP community in canonical text: equal communities, and only these, have equal texts. */
export type Community =
  /** `N:N`, two numbers of 16 bits (RFC 1997). */
  | { readonly kind: 'standard'; readonly text: string }
  /** `N:N:N`, three numbers of 32 bits (RFC 8092). */
  | { readonly kind: 'large'; readonly text: string }

/** A Community object (metallb.io/v1beta1): names for values. */
export interface CommunityNames {
  /** `namespace/name`. */
  readonly object: string
  readonly names: ReadonlyMap<string, Community>
}

/** What is expected of a community. */
export const COMMUNITY = 'a community such as 64500:1 or large:64500:1:2'

/** Reads `N:N` or `large:N:N:N`; undefined if the text is neither. */
export function parseCommunity(text: string): Community | undefined {
  const large = /^large:(\d{1,10}):(\d{1,10}):(\d{1,10})$/.exec(text)
  if (large !== null) {
    const joined = numbers(large.slice(1), 0xffff_ffff)
    return joined === undefined ? undefined : { kind: 'large', text: joined }
  }
  const standard = /^(\d{1,10}):(\d{1,10})$/.exec(text)
  const joined = standard === null ? undefined : numbers(standard.slice(1), 0xffff)
  return joined === undefined ? undefined : { kind: 'standard', text: joined }
}

/** Returns the communities of one kind as texts, in order of their numbers, each once. */
export function communityTexts(
  communities: Iterable<Community>,
  kind: Community['kind'],
): readonly string[] {
  const texts = new Set<string>()
  for (const each of communities) if (each.kind === kind) texts.add(each.text)
  return [...texts].sort(byNumbers)
}

function numbers(parts: readonly string[], most: number): string | undefined {
  const read = parts.map(Number)
  return read.every((each) => each <= most) ? read.join(':') : undefined
}

function byNumbers(a: string, b: string): number {
  const [left, right] = [a.split(':').map(Number), b.split(':').map(Number)]
  const at = left.findIndex((each, i) => each !== right[i])
  return (left[at] ?? 0) - (right[at] ?? 0)
}
