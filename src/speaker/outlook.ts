import { createHash } from 'node:crypto'
import { announce, type Here } from '../announce/announce.ts'
import type { Announcement } from '../announce/announcement.ts'
import type { Eligibility } from '../announce/eligibility.ts'
import { eligible } from '../announce/eligible.ts'
import type { Member } from '../announce/member.ts'
import { type HashOrders, hashOrders } from '../announce/order.ts'
import { answeredSpots, type Duty, type Transition } from '../announce/transition-state.ts'
import type { Address } from '../model/address.ts'
import type { Layer2Settings } from '../model/announce-settings.ts'
import type { AnnounceStore } from '../watch/announce-store.ts'

/** What the objects say, and who is the owner of each address with these members. */
export interface Outlook {
  readonly eligibility: Eligibility
  readonly announcements: ReadonlyMap<Address, Announcement>
  /** The InternalIPs of each Node. */
  readonly internal: ReadonlyMap<string, readonly Address[]>
}

interface OutlookOptions {
  readonly settings: Layer2Settings
  /** The classes of Services that are ours, besides those that name none. */
  readonly classes: readonly string[]
  readonly store: AnnounceStore
  /** Objects have changed, and are to be looked at after so many milliseconds. */
  readonly again: (ms: number) => void
  /** The objects were looked at. */
  readonly found: (found: Pick<Outlook, 'eligibility' | 'internal'>) => void
}

/** Working out who may announce what takes one part of the time in so many. */
const SHARE = 5

/** Works out the outlook, and anew only if something that it depends on has changed. */
export class Outlooks {
  readonly #options: OutlookOptions
  readonly #orders: HashOrders = hashOrders(digest)
  #objects: Pick<Outlook, 'eligibility' | 'internal'> | undefined
  #hasNews = false
  /** When the objects may be looked at again. */
  #next = 0
  #basis = ''
  #outlook: Outlook | undefined

  constructor(options: OutlookOptions) {
    this.#options = options
  }

  /** Notes that objects have changed. */
  objectsChanged(): void {
    this.#hasNews = true
    this.#options.again(Math.max(0, this.#next - performance.now()))
  }

  /** The outlook as it was last worked out. */
  get last(): Outlook | undefined {
    return this.#outlook
  }

  /** Returns the outlook of this node with these members. */
  current(here: Here, members: readonly Member[]): Outlook {
    const objects = this.#lookAtObjects()
    const basis = [here, ...members].map(standingOf).join('\n')
    if (this.#outlook !== undefined && basis === this.#basis) return this.#outlook
    this.#basis = basis
    const announcements = announce(objects.eligibility, here, members, this.#orders)
    this.#outlook = {
      ...objects,
      announcements: new Map(announcements.map((each) => [each.address, each])),
    }
    return this.#outlook
  }

  #lookAtObjects(): Pick<Outlook, 'eligibility' | 'internal'> {
    const began = performance.now()
    if (this.#objects !== undefined && (!this.#hasNews || began < this.#next)) return this.#objects
    const { store, settings, classes, found } = this.#options
    const { ignoreExcludeLabel } = settings
    const objects = store.objects()
    const permission = { ignoreExcludeLabel, agents: store.agents(), away: NOBODY, classes }
    const looked = {
      eligibility: eligible(objects, permission),
      internal: new Map(objects.nodes.map(({ name, internal }) => [name, internal])),
    }
    this.#objects = looked
    this.#outlook = undefined
    this.#hasNews = false
    const now = performance.now()
    this.#next = now + SHARE * (now - began)
    found(looked)
    return looked
  }
}

/**
 * Returns who is the owner of each address. Without a key a node cannot tell others what it has, so it
 * takes nothing, and keeps what it has.
 */
export function dutiesOf(
  { announcements, internal }: Outlook,
  state: Transition,
  hasKey: boolean,
): readonly Duty[] {
  const duties = [...announcements.values()]
  if (hasKey || internal.size < 2) return duties
  const held = new Set(answeredSpots(state).map(({ address }) => address))
  const { node } = state.settings
  return duties.filter(({ address }) => held.has(address)).map((duty) => ({ ...duty, owner: node }))
}

const NOBODY: ReadonlySet<string> = new Set()

/** Returns what of a member the choice of owners depends on. */
function standingOf(each: Here | Member): string {
  const { node, state, settled } = each
  const links = 'links' in each ? each.links.map(linkText) : (each.interfaces ?? ['?'])
  return [node, state, settled, ...links].join(' ')
}

function linkText({ name, hasLinkLocal }: Here['links'][number]): string {
  return `${name}${hasLinkLocal ? '+' : ''}`
}

/** The digest of node:crypto is several times as fast as the portable one. */
function digest(text: string): Uint8Array {
  return createHash('sha256').update(text).digest()
}
