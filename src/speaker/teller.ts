import type { Member, MemberState } from '../announce/member.ts'
import type { Obstacle, Spot } from '../announce/spot.ts'
import type { News } from '../announce/step.ts'
import { unreachable } from '../model/unreachable.ts'
import type { Chores } from './chores.ts'
import type { TellSpeaker } from './news.ts'
import type { Outlook } from './outlook.ts'

/** Reports what the transitions say of spots, with the Services that they concern. */
export class Teller {
  readonly #tell: TellSpeaker
  readonly #chores: Chores
  #states: ReadonlyMap<string, MemberState> = new Map()
  #refused: ReadonlySet<string> = new Set()

  constructor(tell: TellSpeaker, chores: Chores) {
    this.#tell = tell
    this.#chores = chores
  }

  /** Tells of what has become of spots, when there is time. */
  news(all: readonly News[], outlook: Outlook, members: readonly Member[]): void {
    for (const each of all) this.#chores.add(() => this.#one(each, outlook, members))
  }

  /** Tells which members have come, gone or changed. */
  members(members: readonly Member[]): void {
    for (const { node, state } of members) {
      if (this.#states.get(node) === state) continue
      this.#tell({ event: 'member-changed', member: node, state })
    }
    const gone = [...this.#states].filter(([node, state]) => {
      return state !== 'dead' && members.every((member) => member.node !== node)
    })
    for (const [member] of gone) this.#tell({ event: 'member-changed', member, state: 'dead' })
    this.#states = new Map(members.map(({ node, state }) => [node, state]))
  }

  /** Tells on which interfaces nothing can be announced, and that it can be again. */
  refused(reasons: ReadonlyMap<string, string>): void {
    for (const [name, reason] of reasons) {
      this.#tell({ event: 'interface-refused', interface: name, reason })
    }
    for (const name of this.#refused) {
      if (!reasons.has(name)) this.#tell({ event: 'interface-accepted', interface: name })
    }
    this.#refused = new Set(reasons.keys())
  }

  #one(news: News, outlook: Outlook, members: readonly Member[]): void {
    if (news.kind === 'ran-out') {
      this.#tell({ event: 'announcing-interrupted' })
      return
    }
    const place = placeOf(news.spot, outlook)
    switch (news.kind) {
      case 'taken': {
        const { from } = news
        this.#tell({ event: 'announce-taken', ...place, ...(from !== undefined && { from }) })
        return
      }
      case 'given': {
        const { to } = news
        this.#tell({ event: 'announce-given', ...place, ...(to !== undefined && { to }) })
        return
      }
      case 'waits':
        this.#tell({ ...place, ...waiting(news.obstacle, members) })
        return
      case 'withdrawn': {
        const { mac } = news
        this.#tell({ event: 'announce-withdrawn', ...place, ...(mac !== undefined && { mac }) })
        return
      }
      case 'disputed':
        this.#tell({ event: 'announce-disputed', ...place, mac: news.mac })
        return
      case 'undisputed':
        this.#tell({ event: 'announce-undisputed', ...place, mac: news.mac })
        return
      default:
        unreachable(news)
    }
  }
}

function placeOf({ address, interface: name }: Spot, { announcements }: Outlook) {
  return { address, interface: name, services: announcements.get(address)?.services ?? [] }
}

function waiting(obstacle: Obstacle, members: readonly Member[]) {
  switch (obstacle.kind) {
    case 'held': {
      const { mac } = obstacle
      const holder = members.find(({ macs }) => mac !== undefined && macs.includes(mac))?.node
      const known = { ...(mac !== undefined && { mac }), ...(holder !== undefined && { holder }) }
      return { event: 'announce-held', ...known } as const
    }
    case 'conflict':
      return { event: 'announce-conflict', mac: obstacle.mac } as const
    case 'refused':
      return { event: 'announce-refused' } as const
    default:
      return unreachable(obstacle)
  }
}
