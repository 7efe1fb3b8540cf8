// biome-ignore lint/suspicious/noExplicitAny: a Service, as the API server has it
type Service = any

/** A breach of what must never happen. */
export interface Breach {
  readonly what: 'given twice' | 'moved'
  readonly service: string
  readonly detail: string
}

/** What is to be known of a Service, so that the next change of its status can be judged. */
export interface Witness {
  readonly uid: string
  readonly addresses: readonly string[]
  /** The pool that gave them. */
  readonly pool: string | undefined
  /** What it asked for when it was given these addresses. */
  readonly then: Wish
  /** On which terms it shares: as it is now, and before that, as a controller may still see it. */
  readonly terms: readonly Terms[]
  /**
   * Those of its addresses that another Service had at some time which may not share them: a controller takes
   * one away for that, even if the conflict has ended before the status is written.
   */
  readonly contested: Set<string>
}

interface Wish {
  readonly isBalanced: boolean
  readonly addresses: readonly string[]
  readonly pool: string | undefined
  readonly renew: string | undefined
  readonly families: readonly string[]
}

interface Terms {
  readonly key: string | undefined
  readonly ports: readonly string[]
  /** The pods, where they matter. */
  readonly backend: string
}

/** Returns what the Service is from now on, and which rules were broken on the way here. */
export function judge(
  all: ReadonlyMap<string, Witness>,
  name: string,
  object: Service,
): { readonly witness: Witness; readonly breaches: readonly Breach[] } {
  const former = all.get(name)
  const before = former?.uid === object.metadata.uid ? former : undefined
  const addresses = addressesOf(object)
  const isChanged = before?.addresses.join() !== addresses.join()
  const then = before === undefined || isChanged ? wishOf(object) : before.then
  const terms = withTerms(before?.terms ?? [], termsOf(object))
  const contested = before === undefined || isChanged ? new Set<string>() : before.contested
  const pool = giverOf(object)
  const witness = { uid: object.metadata.uid, addresses, pool, then, terms, contested }
  const others = [...all].filter(([other]) => other !== name)
  noteConflicts(others, witness)
  const lost = before?.addresses.filter((each) => !addresses.includes(each)) ?? []
  const moved = lost.filter(
    (each) => !asksToLose(each, before, object) && before?.contested.has(each) !== true,
  )
  const added = addresses.filter((each) => !before?.addresses.includes(each))
  const twice = added.flatMap((each) =>
    others
      .filter(([, other]) => other.addresses.includes(each) && !couldShare(witness, other))
      .map(([other]) => `${each}: ${other}`),
  )
  const breach = (what: Breach['what'], detail: string): Breach => ({ what, service: name, detail })
  return {
    witness,
    breaches: [
      ...moved.map((each) => breach('moved', `${each} -> ${addresses}`)),
      ...twice.map((each) => breach('given twice', each)),
    ],
  }
}

/** Notes in both Services each address that they may not share. */
function noteConflicts(others: readonly (readonly [string, Witness])[], witness: Witness): void {
  for (const [, other] of others) {
    if (mayStay(witness.terms[0], other.terms[0])) continue
    for (const address of witness.addresses) {
      if (!other.addresses.includes(address)) continue
      witness.contested.add(address)
      other.contested.add(address)
    }
  }
}

/** Returns which Services have an address together now that may not share it. */
export function conflicts(all: ReadonlyMap<string, Witness>): readonly string[] {
  return [...all].flatMap(([name, witness]) =>
    witness.addresses.flatMap((each) =>
      rivals([...all], witness, each).map((other) => `${each}: ${name} and ${other}`),
    ),
  )
}

function rivals(
  others: readonly (readonly [string, Witness])[],
  witness: Witness,
  address: string,
): readonly string[] {
  return others
    .filter(([, other]) => other !== witness && other.addresses.includes(address))
    .filter(([, other]) => !mayStay(witness.terms[0], other.terms[0]))
    .map(([other]) => other)
}

/**
 * Returns whether a Service that has an address asks for what takes it away. What it asked for when
 * it was given the address is no reason any more, unless that could not be met then.
 */
function asksToLose(address: string, before: Witness | undefined, object: Service): boolean {
  const now = wishOf(object)
  if (before === undefined) return false
  const { then } = before
  if (JSON.stringify(then) === JSON.stringify(now) && isMet(now, before)) return false
  if (!now.isBalanced || now.renew !== then.renew) return true
  if (!now.families.includes(address.includes(':') ? 'IPv6' : 'IPv4')) return true
  const has = addressesOf(object)
  if (now.addresses.length > 0) return now.addresses.every((each) => has.includes(each))
  return now.pool !== undefined && giverOf(object) === now.pool
}

function isMet(wish: Wish, { addresses, pool }: Witness): boolean {
  const hasAll = wish.addresses.every((each) => addresses.includes(each))
  return hasAll && (wish.pool === undefined || wish.pool === pool)
}

function giverOf(service: Service): string | undefined {
  return annotation(service, 'ip-allocated-from-pool')
}

/** The terms of before count as well: a controller cannot see a change of another Service at once. */
function couldShare(a: Witness, b: Witness): boolean {
  return a.terms.some((mine) => b.terms.some((theirs) => mayJoin(mine, theirs)))
}

function mayJoin(a: Terms, b: Terms): boolean {
  return a.backend === b.backend && mayStay(a, b)
}

function mayStay(a: Terms | undefined, b: Terms | undefined): boolean {
  const isCommon = a?.ports.some((each) => b?.ports.includes(each))
  return a?.key !== undefined && a.key === b?.key && isCommon === false
}

function withTerms(former: readonly Terms[], now: Terms): readonly Terms[] {
  return JSON.stringify(former[0]) === JSON.stringify(now) ? former : [now, ...former]
}

function addressesOf(service: Service): readonly string[] {
  const ingress: readonly { ip?: string }[] = service.status?.loadBalancer?.ingress ?? []
  return ingress.flatMap(({ ip }) => ip ?? []).sort()
}

function wishOf(service: Service): Wish {
  const { spec, metadata } = service
  const asked = annotation(service, 'loadBalancerIPs') ?? spec.loadBalancerIP
  return {
    isBalanced: spec.type === 'LoadBalancer',
    addresses: asked?.split(',') ?? [],
    pool: annotation(service, 'address-pool'),
    renew: metadata.annotations?.['nodelb.io/renew'],
    families: spec.ipFamilies ?? [],
  }
}

function termsOf(service: Service): Terms {
  const { ports, externalTrafficPolicy, selector } = service.spec
  return {
    key: annotation(service, 'allow-shared-ip'),
    ports: ports.map(({ protocol, port }: Service) => `${protocol}/${port}`),
    backend: externalTrafficPolicy === 'Local' ? JSON.stringify(selector) : '',
  }
}

function annotation(service: Service, name: string): string | undefined {
  return service.metadata.annotations?.[`metallb.io/${name}`]
}
