// What a run does, as a value that follows from its seed: nothing here touches the world, and
// nothing depends on how the world answers.

import { Churn, type ObjectChange } from './churn.ts'
import { type Manifest, nodeManifest, sentinelManifests } from './manifests.ts'
import { Random } from './random.ts'

export const SOURCES = ['api', 'folder'] as const
export type SourceName = (typeof SOURCES)[number]

/** The part of the configuration that changes. */
export interface Choice {
  readonly backend: 'nftables' | 'iptables' | 'auto' | 'ipvs'
  readonly flavour: 'auto' | 'nft' | 'legacy'
  readonly ownership: 'kernel' | 'none'
  readonly scope: 'all' | 'load-balancer'
  readonly nodePortAddresses: readonly string[]
}

export const DAMAGES = [
  'nft flush ruleset',
  'nft delete table ip nodelb',
  'nft flush parts',
  'iptables-nft -F',
  'iptables-legacy -F',
] as const
export type Damage = (typeof DAMAGES)[number]

/** What lasts for a while, during which other steps are taken. */
export type Span =
  | { readonly kind: 'agent-stopped' }
  | { readonly kind: 'agent-killed' }
  | { readonly kind: 'configuration-invalid'; readonly text: string }
  | { readonly kind: 'api-server-stopped' }
  | { readonly kind: 'credentials-torn'; readonly tear: Tear }
  | { readonly kind: 'object-torn'; readonly object: Manifest }

/** What is already there of the new credentials while the rest is still to come. */
export type Tear = 'certificate' | 'key' | 'half-kubeconfig'

export type Step =
  | { readonly kind: 'objects'; readonly changes: readonly ObjectChange[] }
  | { readonly kind: 'configure'; readonly choice: Choice }
  /** Configured and taken back, or changed again, this many milliseconds later. */
  | { readonly kind: 'flip'; readonly choices: readonly Choice[]; readonly waitMs: number }
  | { readonly kind: 'foreign-commits'; readonly hz: number }
  | { readonly kind: 'damage'; readonly damage: Damage }
  | { readonly kind: 'kill' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'connections-cut'; readonly compact: boolean }
  | { readonly kind: 'during'; readonly span: Span; readonly ms: number; readonly steps: Steps }

export type Steps = readonly Step[]
type During = Extract<Step, { readonly kind: 'during' }>

export interface Round {
  readonly steps: Steps
}

/** What there is before the first round. */
export const FIRST: { readonly choice: Choice; readonly objects: readonly Manifest[] } = {
  choice: {
    backend: 'nftables',
    flavour: 'auto',
    ownership: 'kernel',
    scope: 'all',
    nodePortAddresses: ['primary'],
  },
  objects: [nodeManifest('zone-1'), ...sentinelManifests()],
}

/** The rounds of a run, without end. */
export function* schedule(seed: number, source: SourceName): Generator<Round, never> {
  const author = new Author(new Random(seed), source)
  for (;;) yield author.round()
}

const OBJECTS = 75
/** How often each disturbance comes. */
const DISTURBANCES = {
  configure: 14,
  flip: 16,
  'foreign-commits': 10,
  damage: 18,
  kill: 8,
  restart: 6,
  'agent-stopped': 8,
  'agent-killed': 6,
  'configuration-invalid': 6,
  node: 4,
} as const
const OF_API = { 'api-server-stopped': 10, 'credentials-torn': 8, 'connections-cut': 6 } as const
const OF_FOLDER = { 'object-torn': 10 } as const

type Disturbance = keyof typeof DISTURBANCES | keyof typeof OF_API | keyof typeof OF_FOLDER

/** Draws steps; knows what the ones before made of objects and configuration. */
class Author {
  readonly #random: Random
  readonly #churn: Churn
  readonly #source: SourceName
  #choice: Choice = FIRST.choice

  constructor(random: Random, source: SourceName) {
    this.#random = random
    this.#churn = new Churn(random)
    this.#source = source
  }

  round(): Round {
    const random = this.#random
    const steps = Array.from({ length: random.between(2, 14) }, () =>
      random.below(100) < OBJECTS ? this.#objects() : this.#disturbance(),
    )
    // Objects that change afterwards would mend what a flip leaves behind.
    return { steps: random.chance(0.4) ? [...steps, this.#disturbance()] : steps }
  }

  #objects(): Step {
    const hands = Array.from({ length: this.#random.between(1, 5) })
    return { kind: 'objects', changes: hands.flatMap(() => this.#churn.change()) }
  }

  #disturbance(): Step {
    const own = this.#source === 'api' ? OF_API : OF_FOLDER
    return this.#draw(this.#random.weighted<Disturbance>({ ...DISTURBANCES, ...own } as Weights))
  }

  #draw(kind: Disturbance): Step {
    const random = this.#random
    switch (kind) {
      case 'configure':
        return { kind, choice: this.#choose() }
      case 'flip':
        return this.#flip()
      case 'foreign-commits':
        return { kind, hz: random.pick([0, 0, 1, 2, 5, 10, 20]) }
      case 'damage':
        return { kind, damage: random.pick(DAMAGES) }
      case 'kill':
      case 'restart':
        return { kind }
      case 'connections-cut':
        return { kind, compact: random.chance(0.5) }
      case 'node':
        return this.#node()
      case 'agent-stopped':
        return this.#during({ kind }, 2_000, ['objects', 'damage', 'configure'])
      case 'agent-killed':
        return this.#during({ kind }, 1_000, ['objects', 'damage', 'configure'])
      case 'configuration-invalid':
        return this.#during({ kind, text: random.pick(INVALID) }, 500, ['objects', 'damage'])
      case 'api-server-stopped':
        return this.#outage()
      case 'credentials-torn': {
        const tear = random.pick(['certificate', 'key', 'half-kubeconfig'] as const)
        return this.#during({ kind, tear }, 1_500, ['kill', 'connections-cut', 'objects'])
      }
      case 'object-torn':
        return this.#tornObject()
    }
  }

  /** Within something that lasts, for no more than so many milliseconds besides what is done. */
  #during(span: Span, longestMs: number, kinds: readonly (Disturbance | 'objects')[]): During {
    const random = this.#random
    const steps = Array.from({ length: random.below(4) }, () => {
      const kind = random.pick(kinds)
      return kind === 'objects' ? this.#objects() : this.#draw(kind)
    })
    return { kind: 'during', span, ms: random.below(longestMs), steps }
  }

  /** ipvs needs all Nodes, which an API server that is away cannot list: it is taken back. */
  #outage(): Step {
    const before = this.#choice
    const kinds = ['damage', 'configure', 'flip', 'kill'] as const
    const outage = this.#during({ kind: 'api-server-stopped' }, 2_000, kinds)
    if (this.#random.chance(0.7)) return outage
    const waiting: Step = {
      kind: 'flip',
      choices: [{ ...before, backend: 'ipvs' }, before],
      waitMs: 200,
    }
    return { ...outage, steps: [waiting, ...outage.steps] }
  }

  #choose(): Choice {
    const random = this.#random
    this.#choice = {
      backend: random.pick(['nftables', 'nftables', 'iptables', 'iptables', 'auto']),
      flavour: random.pick(['auto', 'nft', 'legacy']),
      ownership: random.pick(['kernel', 'none']),
      scope: random.chance(0.85) ? 'all' : 'load-balancer',
      nodePortAddresses: random.chance(0.7) ? ['primary'] : ['192.0.2.0/24', '2001:db8:1::/64'],
    }
    return this.#choice
  }

  #flip(): Step {
    const before = this.#choice
    const away = this.#choose()
    // Mostly back to what was, as one takes a change back; else on to something else.
    const back = this.#random.chance(0.7) ? before : this.#choose()
    this.#choice = back
    return { kind: 'flip', choices: [away, back], waitMs: this.#random.below(1_000) }
  }

  #node(): Step {
    const object = nodeManifest(this.#random.pick(['zone-1', 'zone-2']))
    return { kind: 'objects', changes: [{ kind: 'put', object }] }
  }

  #tornObject(): Step {
    const changes = this.#churn.change()
    const torn = changes.find(({ kind }) => kind === 'put')
    if (torn === undefined) return { kind: 'objects', changes }
    const span: Span = { kind: 'object-torn', object: torn.object }
    const rest: Step = { kind: 'objects', changes: changes.filter((change) => change !== torn) }
    const during = this.#during(span, 500, ['damage', 'restart'])
    return { ...during, steps: [rest, ...during.steps] }
  }
}

type Weights = Readonly<Record<Disturbance, number>>

const INVALID: readonly string[] = [
  '',
  'backend: [',
  'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\nbackend: pf\n',
  'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\ntarget: cluster-ip\nscope: all\n',
  'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nnodePortAddresses: [no]\n',
]
