import type { Brought } from '../../apply/bgp/frr.ts'
import { effectOnSession } from '../../plan/bgp/effect-on-session.ts'
import type { Plan } from '../../plan/bgp/operation.ts'
import { printPlan } from '../../plan/bgp/print.ts'
import type { BgpOutlook } from './decisions.ts'
import type { TellBgp } from './news.ts'

/** Reports whether FRR can be configured, and what it was told. */
export class EngineNews {
  readonly #tell: TellBgp
  /** What FRR was last brought to. */
  #tree: BgpOutlook['tree'] | undefined
  #isReady = false
  #hasRefused = false
  #failure: string | undefined

  constructor(tell: TellBgp) {
    this.#tell = tell
  }

  /** Why FRR cannot be configured; undefined if it can. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** Takes why FRR cannot be configured; of several reasons in a row each is reported once. */
  lost(reason: string): void {
    if (reason !== this.#failure) this.#tell({ event: 'bgp-engine-lost', reason })
    this.#failure = reason
    this.#isReady = false
    this.#tree = undefined
  }

  /** Takes what FRR was brought to, in so many milliseconds. */
  brought(
    { plan, refused }: Extract<Brought, { readonly kind: 'brought' }>,
    { tree, decision }: BgpOutlook,
    durationMs: number,
  ): void {
    const [operations, routes] = [plan.length, decision.routes.length]
    if (!this.#isReady) this.#tell({ event: 'bgp-engine-ready', operations, routes })
    else if (tree === this.#tree && operations > 0 && !this.#hasRefused) {
      this.#tell({ event: 'bgp-drift-repaired', operations, found: inShort(plan) })
    } else if (operations > refused.length) {
      this.#tell({ event: 'bgp-configured', operations, routes, durationMs, resets: ending(plan) })
    }
    this.#isReady = true
    this.#failure = undefined
    this.#hasRefused = refused.length > 0
    this.#tree = tree
  }
}

/** So many lines of a plan show what kind of change it was. */
const SHOWN = 20

function inShort(plan: Plan): string {
  const lines = printPlan(plan).trimEnd().split('\n')
  const more = lines.length - SHOWN
  return [...lines.slice(0, SHOWN), ...(more > 0 ? [`and ${more} lines more`] : [])].join('\n')
}

/** Returns the steps that end sessions, or reset them. */
function ending(plan: Plan): readonly string[] {
  const steps = plan.filter((each) => ['resets', 'ends'].includes(effectOnSession(each)))
  const lines = printPlan(steps).split('\n')
  return lines.filter((line) => line.includes('#')).map((line) => line.trim())
}
