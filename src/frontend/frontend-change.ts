import type { Address } from '../model/address.ts'
import type { TableFamily } from '../model/family.ts'
import type { FrontendId } from '../model/frontend-id.ts'
import type { Tuple } from '../model/tuple.ts'

/** Names a frontend on a node. */
export interface FrontendName {
  readonly family: TableFamily
  readonly id: FrontendId
}

/** Where a frontend leads and whose it is, at some time. */
interface Leading {
  /** The endpoints that new connections go to, `address . port`, from wherever the client comes. */
  readonly endpoints: ReadonlySet<Tuple>
  /** The label of its Service port, where that is known. */
  readonly label: string | undefined
}

/** What a commit changed of a frontend. Whatever follows a commit follows this, with any backend. */
export interface FrontendChange extends FrontendName {
  readonly before: Leading
  readonly after: Leading
}

/** Where the frontends of a node lead now, whatever the backend. */
export interface ServedFrontends {
  /** All that lead somewhere. */
  all(): Iterable<FrontendName>
  /** The endpoints that new connections to a frontend go to; none where it is not there. */
  endpoints(frontend: FrontendName): ReadonlySet<Tuple>
  /** Whether an address with protocol and port is a frontend, with endpoints or without. */
  has(frontend: FrontendName): boolean
  /** Whether ports of the node are served on this address of the node. */
  answersNodePorts(family: TableFamily, address: Address): boolean
}

/** Serves nothing: of a node where nothing is programmed yet. */
export const nothingServed: ServedFrontends = {
  all: () => [],
  endpoints: () => new Set(),
  has: () => false,
  answersNodePorts: () => false,
}

/** What is known of a change of one frontend as long as its parts are gone through. */
export interface NotedChange extends FrontendName {
  readonly gone: Set<Tuple>
  readonly came: Set<Tuple>
  /** Before and after, where the frontend went from one Service to another. */
  labels: readonly [string | undefined, string | undefined]
}

/** Changes of parts, gathered by frontend. */
export class ChangeNotes {
  readonly #noted: Map<string, NotedChange> = new Map()

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

/** Returns the changes as a whole; `served` is what holds after them. */
export function completed(
  noted: readonly NotedChange[],
  served: ServedFrontends,
): readonly FrontendChange[] {
  return noted.map(({ family, id, gone, came, labels: [former, label] }) => {
    const endpoints = served.endpoints({ family, id })
    const stayed = [...endpoints].filter((endpoint) => !came.has(endpoint))
    return {
      family,
      id,
      before: { endpoints: new Set([...stayed, ...gone]), label: former },
      after: { endpoints, label },
    }
  })
}

/** Returns what it means that all of this was programmed where there was nothing. */
export function allAdded(served: ServedFrontends): readonly FrontendChange[] {
  return [...served.all()].map((frontend) => ({
    ...frontend,
    before: NOWHERE,
    after: { endpoints: served.endpoints(frontend), label: undefined },
  }))
}

const NOWHERE: Leading = { endpoints: new Set(), label: undefined }
