import { setTimeout as sleep } from 'node:timers/promises'
import { type Size, usualCount } from './cluster.ts'
import type { Answers, Change, Committed, Timed } from './protocol.ts'
import { Worker } from './worker.ts'

export const CHANGE_KINDS = ['replaced', 'scaled', 'first use', 'last use'] as const
export type ChangeKind = (typeof CHANGE_KINDS)[number]

export interface ColdResult {
  readonly elements: number
  readonly extraElements: number
  readonly nodelb: readonly Answers['start'][]
  readonly idleMb: number
  readonly nft: readonly Answers['nftFile'][]
  /** Loading the set that marks make superfluous, on top of the rest. */
  readonly extra: readonly Answers['nftFile'][]
}

export interface ChangeResult {
  readonly nodelb: readonly Committed[]
  readonly nft: readonly Timed[]
}

export interface Result {
  readonly size: Size
  readonly cold: ColdResult
  readonly changes: Readonly<Record<ChangeKind, ChangeResult>>
  /** After all the changes. */
  readonly peakMb: number
  /** One element added, nothing deleted. */
  readonly nftAddition: readonly Timed[]
}

export interface Effort {
  readonly loads: number
  readonly changes: number
  readonly folder: string
}

/** Cold loads in turns, each in processes of their own; then changes in turns, on the last ones. */
export async function measure(size: Size, effort: Effort): Promise<Result> {
  const file = `${effort.folder}/cluster.nft`
  const extraFile = `${effort.folder}/extra.nft`
  const writer = new Worker()
  const { residentMb: idleMb } = await writer.ask('build', { size })
  const counted = await writer.ask('print', { file, extraFile })
  const nodelb: Answers['start'][] = []
  const nft: Answers['nftFile'][] = []
  const extra: Answers['nftFile'][] = []
  for (let round = 1; ; round++) {
    const ours = new Worker()
    await ours.ask('build', { size })
    nodelb.push(await ours.ask('start', {}))
    const theirs = new Worker()
    nft.push(await theirs.ask('nftFile', { file }))
    if (round === effort.loads) {
      const pair = { ours, theirs, writer, size, count: effort.changes, peakMb: 0 }
      const changes = await measureChanges(pair)
      const nftAddition = await measureAdditions(theirs)
      extra.push(await theirs.ask('nftFile', { file: extraFile }))
      for (const worker of [ours, theirs, writer]) await worker.end()
      return {
        size,
        cold: { ...counted, nodelb, nft, extra, idleMb },
        changes,
        peakMb: pair.peakMb,
        nftAddition,
      }
    }
    extra.push(await theirs.ask('nftFile', { file: extraFile }))
    await ours.end()
    await theirs.end()
  }
}

interface Pair {
  readonly ours: Worker
  readonly theirs: Worker
  readonly writer: Worker
  readonly size: Size
  readonly count: number
  peakMb: number
}

async function measureChanges(pair: Pair): Promise<Record<ChangeKind, ChangeResult>> {
  return {
    replaced: await inTurns(pair, replacement),
    scaled: await inTurns(pair, scaling),
    ...(await structural(pair)),
  }
}

function replacement(size: Size, turn: number): Change {
  const service = spread(size, turn)
  return { service, count: usualCount(size, service), fresh: turn }
}

/** Up, and down again: other Services use both counts. */
function scaling(size: Size, turn: number): Change {
  const service = spread(size, turn >> 1)
  return { service, count: usualCount(size, service) + ((turn + 1) % 2) }
}

/** Services all over the cluster, but not those that use the rare count already. */
function spread({ services }: Size, turn: number): number {
  const service = (turn * 7919) % services
  return service % 100 === 50 ? service + 1 : service
}

async function inTurns(
  pair: Pair,
  changeOf: (size: Size, turn: number) => Change,
): Promise<ChangeResult> {
  const result: MutableResult = { nodelb: [], nft: [] }
  for (let turn = 0; turn < pair.count; turn++) await both(pair, result, changeOf(pair.size, turn))
  return result
}

/** Where something was deleted, the kernel makes the next new set wait for an RCU grace period. */
const GRACE = 50

async function structural(pair: Pair): Promise<Record<'first use' | 'last use', ChangeResult>> {
  const up: MutableResult = { nodelb: [], nft: [] }
  const down: MutableResult = { nodelb: [], nft: [] }
  const service = 50
  const count = usualCount(pair.size, service)
  for (let turn = 0; turn < pair.count; turn++) {
    await alone(pair, up, { service, count: count + 1 })
    await alone(pair, down, { service, count })
  }
  return { 'first use': up, 'last use': down }
}

/** What of nft's time is not waiting for the kernel to free what was deleted. */
async function measureAdditions(theirs: Worker): Promise<Timed[]> {
  const times: Timed[] = []
  for (let port = 1; port <= 20; port++) {
    const text = `add element ip nodelb services { 203.0.113.1 . tcp . ${port} }`
    times.push(await theirs.ask('nftText', { text }))
  }
  return times
}

interface MutableResult {
  readonly nodelb: Committed[]
  readonly nft: Timed[]
}

async function both(pair: Pair, result: MutableResult, change: Change): Promise<void> {
  const { text } = await pair.writer.ask('changeText', change)
  const ours = await pair.ours.ask('change', change)
  result.nodelb.push(ours)
  pair.peakMb = ours.peakMb
  result.nft.push(await pair.theirs.ask('nftText', { text }))
}

/** nft 1.0.6 refuses such a rule on its own ("conflicting protocols specified: tcp vs. th"). */
async function alone(pair: Pair, result: MutableResult, change: Change): Promise<void> {
  await sleep(GRACE)
  const ours = await pair.ours.ask('change', change)
  result.nodelb.push(ours)
  pair.peakMb = ours.peakMb
}
