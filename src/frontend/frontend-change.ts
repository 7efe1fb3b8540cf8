import type { Address } from '../model/address.ts'
import type { TableFamily } from '../model/family.ts'
import type { FrontendId } from '../model/frontend-id.ts'
import type { Tuple } from '../model/tuple.ts'

/** Names a frontend on a node. */
export interface FrontendName {
  readonly family: TableFamily
  readonly id: FrontendId
}

/** Whether a frontend leads somewhere at some time, and to which Service port it belongs. */
interface Leading {
  /** Whether there is an endpoint that new connections go to, wherever the client is. */
  readonly leads: boolean
  /** The label of the Service port, if known. */
  readonly label: string | undefined
}

/** What a commit changed in a frontend. All that follows a commit uses this, with any backend. */
export interface FrontendChange extends FrontendName {
  readonly before: Leading
  readonly after: Leading
  /** The endpoints (`address . port`) that new connections went to and no longer go to. */
  readonly gone: ReadonlySet<Tuple>
}

/** Where the frontends of a node lead now, with any backend. */
export interface ServedFrontends {
  /** Returns all frontends that lead somewhere. */
  all(): Iterable<FrontendName>
  /** Returns all frontends, those without endpoints too as far as they are known. */
  every(): Iterable<FrontendName>
  /** Returns the endpoints that new connections to a frontend go to; none if it does not exist. */
  endpoints(frontend: FrontendName): ReadonlySet<Tuple>
  /** Returns whether there is such a frontend, with endpoints or without. */
  has(frontend: FrontendName): boolean
  /** Returns whether ports of the node are served on this address of the node. */
  answersNodePorts(family: TableFamily, address: Address): boolean
}

/** The frontends of a node where nothing is programmed yet: none. */
export const nothingServed: ServedFrontends = {
  all: () => [],
  every: () => [],
  endpoints: () => new Set(),
  has: () => false,
  answersNodePorts: () => false,
}

/** What is known about the change of one frontend while its parts are being collected. */
export interface NotedChange extends FrontendName {
  readonly gone: Set<Tuple>
  readonly came: Set<Tuple>
  /** The labels before and after, if the frontend went from one Service to another. */
  labels: readonly [string | undefined, string | undefined]
}

/** Collects changes of parts by frontend. */
export class ChangeNotes {
  readonly #noted: Map<string, NotedChange> = new Map()

  /** Returns the notes on a frontend, to be filled in; they are empty at first. */
  of({ family, id }: FrontendName): NotedChange {
    const key = `${family} ${id}`
    const noted = this.#noted.get(key)
    if (noted !== undefined) return noted
    const fresh: NotedChange = {
      family,
      id,
      gone: new Set(),
      came: new Set(),
      labels: [undefined, undefined],
    }
    this.#noted.set(key, fresh)
    return fresh
  }

  all(): readonly NotedChange[] {
    return [...this.#noted.values()]
  }
}

/** Returns the collected changes as whole ones; `served` is the state after them. */
export function completed(
  noted: readonly NotedChange[],
  served: ServedFrontends,
): readonly FrontendChange[] {
  return noted.map(({ family, id, gone, came, labels: [former, label] }) => {
    const endpoints = [...served.endpoints({ family, id })]
    const stays = endpoints.some((endpoint) => !came.has(endpoint))
    return {
      family,
      id,
      before: { leads: gone.size > 0 || stays, label: former },
      after: { leads: endpoints.length > 0, label },
      gone: without(gone, endpoints),
    }
  })
}

/** Returns the endpoints that are not among the others. */
export function without(endpoints: Iterable<Tuple>, others: Iterable<Tuple>): ReadonlySet<Tuple> {
  const left = new Set(endpoints)
  for (const other of others) left.delete(other)
  return left
}

/** Returns the changes that there are if all of `served` was programmed where there was nothing. */
export function allAdded(served: ServedFrontends): readonly FrontendChange[] {
  return [...served.all()].map((frontend) => ({
    ...frontend,
    before: { leads: false, label: undefined },
    after: { leads: true, label: undefined },
    gone: new Set(),
  }))
}
