import { listListeners } from '../apply/machine/listeners.ts'
import { ownSockets } from '../apply/machine/own-sockets.ts'
import type { Session } from '../dataplane/session.ts'
import { nodePortAddresses } from '../frontend/node-ports.ts'
import { namedAddresses } from '../model/node.ts'
import { type HeldPorts, heldPorts, isEndpoint, type Listener } from '../plan/held-ports.ts'
import { ownAddresses } from '../report/health-checks/health-check-addresses.ts'
import type { Telemetry } from '../report/telemetry.ts'
import { type ObjectChange, serviceOf } from '../watch/object-change.ts'
import type { ObjectStore } from '../watch/object-store.ts'
import { inBackground, type OnFailure } from './background.ts'

interface ListenerWatchParts {
  readonly store: Pick<ObjectStore, 'service' | 'slicesOf'>
  readonly tell: Telemetry['tell']
  readonly bug: OnFailure
}

/** Milliseconds in which changes are gathered: a Service comes with its address and endpoints. */
const GATHER_MS = 2_000
/** Milliseconds between two looks while a port is held, so that its end is soon told. */
const HELD_MS = 60_000

/**
 * Tells of ports of this node that are served for a Service although something else on the node
 * listens on them, and when that is over. It looks with the rest of the surroundings, after changes
 * of Services, and from time to time while a port is held.
 */
export class ListenerWatch {
  readonly #parts: ListenerWatchParts
  #session: Session | undefined
  #told: HeldPorts = new Map()
  /** Whether a change since the last look may have led a port to a Service, or away from one. */
  #isDue = false
  #timer: NodeJS.Timeout | undefined
  /** When the timer ends, by the monotonic clock. */
  #dueAt = 0

  constructor(parts: ListenerWatchParts) {
    this.#parts = parts
  }

  /**
   * Notes a change for the next commit. Endpoints matter only for what was told: one may be a pod on
   * the network of the node.
   */
  changed(change: ObjectChange): void {
    const isOfService = change.kind === 'service' || change.kind === 'service-gone'
    if (isOfService || this.#told.has(serviceOf(change) ?? '')) this.#isDue = true
  }

  /** Looks soon if a change that was noted calls for it. */
  committed(): void {
    if (!this.#isDue || this.#session === undefined) return
    this.#isDue = false
    this.#lookIn(GATHER_MS)
  }

  /** Looks now, and from now on at what this session serves. Tells nothing if the kernel refuses. */
  async look(session: Session): Promise<void> {
    this.#session = session
    const listeners = await listListeners()
    // Another session may have begun meanwhile, and looks itself.
    if (listeners === undefined || this.#session !== session) return
    this.#tell(this.#heldIn(session, listeners))
    if (this.#told.size > 0) this.#lookIn(HELD_MS)
  }

  /** Ends further looks. */
  close(): void {
    this.#session = undefined
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** A look that is due sooner stays, so that changes without end do not put it off. */
  #lookIn(ms: number): void {
    const at = performance.now() + ms
    if (this.#timer !== undefined && this.#dueAt <= at) return
    clearTimeout(this.#timer)
    this.#dueAt = at
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      const session = this.#session
      if (session !== undefined) inBackground(() => this.look(session), this.#parts.bug)
    }, ms)
  }

  #heldIn(session: Session, listeners: readonly Listener[]): HeldPorts {
    const { renderer } = session
    const { node, settings } = renderer.situation
    const own = ownAddresses()
    // Reading them takes a while where many are open, and is seldom needed.
    let ours: ReadonlySet<number> | undefined
    const isOurs = ({ inode }: Listener): boolean => {
      ours ??= ownSockets()
      return ours.has(inode)
    }
    return heldPorts(listeners, {
      nodeAddresses: namedAddresses(node).filter((each) => own.includes(each)),
      nodePortAddresses: nodePortAddresses(settings, { ...node, localAddresses: own }),
      labelAt: (family, id) => renderer.label(family, id),
      nameOf: (owner) => renderer.nameOf(owner),
      belongs: (listener, service) =>
        isOurs(listener) || isEndpoint(listener, this.#parts.store.slicesOf(service), own),
    })
  }

  #tell(held: HeldPorts): void {
    const { tell, store } = this.#parts
    const before = this.#told
    this.#told = held
    for (const [service, ports] of held) {
      if (String(before.get(service)) !== String(ports))
        tell({ event: 'ports-held', service, ports })
    }
    for (const service of before.keys()) {
      if (held.has(service)) continue
      tell({ event: 'ports-free', service, exists: store.service(service) !== undefined })
    }
  }
}
