import type { Size } from './cluster.ts'
import type { LongestBlock } from './longest-block.ts'

/** One endpoint change, as a controller would see it. */
export interface Change {
  readonly service: number
  readonly count: number
  /** Numbers the pod that takes the last one's place. */
  readonly fresh?: number
}

/** What programs the kernel; of iptables each flavour. */
export const BACKENDS = ['nftables', 'iptables-nft', 'iptables-legacy'] as const
export type BenchBackend = (typeof BACKENDS)[number]

/** What the bench asks of its children; each is a process in a network namespace of its own. */
export interface Questions {
  /** Objects in memory; what the process weighs before any work. */
  readonly build: { readonly size: Size; readonly backend?: BenchBackend }
  /** What comparing all with the kernel costs where nothing differs. */
  readonly comparison: { readonly size: Size }
  /** From objects to committed rules. */
  readonly start: Record<string, never>
  readonly change: Change
  /** The rendered text of the cluster, into a file. */
  readonly print: { readonly file: string; readonly extraFile: string }
  /** The same change as `change` in the nft language. */
  readonly changeText: Change
  readonly nftFile: { readonly file: string }
  readonly nftText: { readonly text: string }
  readonly flush: Record<string, never>
  readonly packets: { readonly counts: number }
  /** The rendered chains of the cluster, into a file. */
  readonly printChains: { readonly file: string }
  /** Plain `iptables-restore` of that file. */
  readonly restoreFile: { readonly file: string; readonly backend: BenchBackend }
  /** What a first packet costs in a cluster of so many Services. */
  readonly firstPackets: { readonly services: number; readonly backend: BenchBackend }
  /** What sticky Services with so many different timeouts cost. */
  readonly affinity: { readonly times: number }
  /** What a first packet and a scrape cost where connections are counted, or are not. */
  readonly connections: { readonly backend: BenchBackend; readonly metered: boolean }
  /** What one changed endpoint costs where one Service has so many. */
  readonly bigService: { readonly endpoints: number }
  /** Forwards between the namespaces of two processes, by these rules. */
  readonly pathNode: { readonly client: number; readonly pods: number; readonly file: string }
  readonly pathClient: Record<string, never>
  /** Pods swallow datagrams, or the first of them answer. */
  readonly pathPods: { readonly answering: boolean }
  /** One datagram from a port that is kept for `pathKept`. */
  readonly pathOpen: { readonly to: PathTarget }
  readonly pathKept: { readonly rounds: number }
  /** From a new port in each round. */
  readonly pathRounds: { readonly to: PathTarget; readonly rounds: number }
  /** What a round of the controller costs with so many Services; without Nodes from a pool. */
  readonly allocation: { readonly services: number; readonly nodes: number }
}

export interface Answers {
  readonly build: { readonly residentMb: number }
  readonly comparison: Timed & { readonly block: LongestBlock }
  readonly start: Committed & { readonly peakMb: number }
  readonly change: Committed & { readonly peakMb: number }
  readonly print: { readonly elements: number; readonly extraElements: number }
  readonly changeText: { readonly text: string }
  readonly nftFile: Timed & { readonly peakMb: number; readonly kernelMb: number }
  readonly nftText: Timed
  readonly flush: Timed
  readonly packets: { readonly firstNs: number; readonly laterNs: number }
  readonly printChains: { readonly rules: number }
  readonly restoreFile: Timed & { readonly peakMb: number; readonly kernelMb: number }
  readonly firstPackets: { readonly firstNs: number; readonly laterNs: number }
  readonly affinity: {
    readonly startMs: number
    readonly changeMs: number
    readonly firstNs: number
  }
  readonly connections: {
    readonly firstNs: number
    readonly counters: number
    readonly scrapes: readonly {
      readonly ms: number
      readonly cpuMs: number
      readonly blockMs: number
      readonly bytes: number
    }[]
    /** The tool of the backend lists all of this. */
    readonly toolMs: number
    readonly flows: number
    /** `conntrack -L` of them. */
    readonly flowsMs: number
  }
  readonly bigService: {
    /** From the changed slice to committed, and processor time of that; medians. */
    readonly changeMs: number
    readonly changeCpuMs: number
    readonly operations: number
  }
  readonly pathNode: Record<string, never>
  readonly pathClient: Record<string, never>
  readonly pathPods: Record<string, never>
  readonly pathOpen: Record<string, never>
  /** Nanoseconds for each datagram, round by round. */
  readonly pathKept: { readonly later: readonly number[] }
  readonly pathRounds: { readonly first: readonly number[]; readonly later: readonly number[] }
  readonly allocation: {
    /** JSON.parse of each object, and what is read of it. */
    readonly readMs: number
    /** The very first round; the median where none has an address, and where all have theirs. */
    readonly firstMs: number
    readonly emptyMs: number
    readonly fullMs: number
    readonly writes: number
    readonly laterWrites: number
  }
}

/** Addresses of Services or of pods, from this one on, with their port. */
export interface PathTarget {
  readonly range: number
  readonly first: number
  readonly port: number
}

export interface Timed {
  readonly ms: number
}

export interface Committed extends Timed {
  readonly operations: number
  readonly bytes: number
}

export type Question = keyof Questions & keyof Answers

export interface Asked<Kind extends Question = Question> {
  readonly kind: Kind
  readonly about: Questions[Kind]
}

export type Answered =
  | { readonly kind: 'answer'; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly reason: string }
