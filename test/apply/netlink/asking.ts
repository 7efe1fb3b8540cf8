// How requests and transactions end.

import { execFileSync } from 'node:child_process'
import { setImmediate as turn } from 'node:timers/promises'
import { NLM_F_ACK } from '../../../src/apply/netlink/constants.ts'
import { GET_GENERATION, type Request } from '../../../src/apply/netlink/message.ts'
import { openRaw } from '../../../src/apply/netlink/open-raw.ts'
import type { RawSocket } from '../../../src/apply/netlink/raw-socket.ts'
import { NetlinkSocket } from '../../../src/apply/netlink/socket.ts'
import {
  addElements,
  addSet,
  addTable,
  bigSet,
  getElements,
  getTable,
  missingTables,
} from './requests.ts'

const BATCH_BEGIN = 0x10
const BATCH_END_LENGTH = 20

export const asking: Readonly<Record<string, () => Promise<unknown>>> = {
  async generations() {
    const socket = NetlinkSocket.open()
    const before = await socket.generation()
    const first = await socket.transact([addTable('one')], before)
    const second = await socket.transact([addTable('two')], before)
    const third = await socket.transact([addTable('two')], await socket.generation())
    const { replies } = await socket.dump(getTable())
    socket.close()
    return { first, second, third, tables: replies.length }
  },

  async 'missing-end'() {
    const raw = openRaw()
    const socket = NetlinkSocket.over({
      ...raw,
      send: (frame, sent) => raw.send(withoutEnd(frame), sent),
    })
    const outcome = await socket.transact([addTable('one'), addTable('two')], 0)
    const { replies } = await socket.dump(getTable())
    socket.close()
    return { outcome, tables: replies.length }
  },

  /** Not even the fence comes back: only the time limit helps. */
  async 'deaf-socket'() {
    const raw = openRaw()
    const socket = NetlinkSocket.over(
      { ...raw, listen: (_received, failed) => raw.listen(() => undefined, failed) },
      { timeLimit: 300 },
    )
    const outcome = await socket.transact([addTable('one')], 0)
    const dump = await codeOf(socket.dump(getTable()))
    socket.close()
    return { outcome, dump }
  },

  /** What is known before anything else can run: of a commit, of a refusal, and of a large commit. */
  async 'told-at-once'() {
    const socket = NetlinkSocket.open()
    const told: string[] = []
    const commit = async (name: string, requests: readonly Request[]): Promise<string> => {
      const outcome = socket.transact(requests, 0, () => told.push(`${name} committed`))
      const { kind } = await outcome.then((each) => {
        told.push(`${name} ${each.kind}`)
        return each
      })
      return kind
    }
    await commit('small', [addTable('one')])
    await commit('refused', missingTables(2))
    await commit('large', bigSet())
    socket.close()
    return told
  },

  /** As if errors had filled the receive buffer when the fence's answer came. */
  async 'lost-fence'() {
    const raw = openRaw()
    let fences = 0
    const socket = NetlinkSocket.over({
      ...raw,
      send(frame, sent) {
        const lost = frame.readUInt16LE(4) === GET_GENERATION.type && fences++ === 0
        if (lost) setImmediate(sent)
        else raw.send(frame, sent)
      },
    })
    const outcome = await socket.transact([addTable('one')], 0)
    socket.close()
    return { outcome, fences }
  },

  /** npm netlink's answer to ENOBUFS: the callback never comes. */
  async 'stuck-send'() {
    const raw = openRaw()
    const socket = NetlinkSocket.over({ ...raw, send: () => undefined })
    const first = await codeOf(socket.transact([addTable('one')], 0))
    const second = await codeOf(socket.generation())
    return { first, second }
  },

  /** The loop is blocked for longer than the limits both while the kernel commits and afterwards. */
  async 'busy-loop'() {
    const raw = openRaw()
    const socket = NetlinkSocket.over(
      {
        ...raw,
        sendFromThread(frame, sent) {
          raw.sendFromThread(frame, sent)
          block(2_500)
        },
      },
      { timeLimit: 100 },
    )
    const outcome = await socket.transact(missingTables(4_000), 0)
    socket.close()
    return outcome.kind === 'rejected' ? outcome.failures.length : outcome
  },

  async 'concurrent-requests'() {
    const socket = NetlinkSocket.open()
    await socket.transact(bigSet(), 0)
    await socket.dump(getTable())
    const dumps = [1, 2, 3].map(() => socket.dump(getElements('t', 's')))
    const generation = socket.generation()
    const missing = codeOf(socket.request(getTable('missing')))
    const found = socket.request(getTable('t'))
    const elements = await Promise.all(dumps)
    const result = {
      same: new Set(elements.map(({ replies }) => replies.length)).size === 1,
      bytes: elements[0]?.replies.reduce((sum, { payload }) => sum + payload.length, 0),
      interrupted: elements.map(({ interrupted }) => interrupted),
      generation: (await generation) > 0,
      missing: await missing,
      found: (await found).length,
    }
    socket.close()
    return result
  },

  async 'changed-while-dumped'() {
    const raw = openRaw()
    let change: (() => void) | undefined
    const socket = NetlinkSocket.over({
      ...raw,
      listen: (received, failed) =>
        raw.listen((arrival) => {
          change?.()
          change = undefined
          received(arrival)
        }, failed),
    })
    await socket.transact(bigSet(), 0)
    // When the first of a dozen datagrams is there.
    change = () => void execFileSync('nft', ['add', 'table', 'other'])
    const { interrupted } = await socket.dump(getElements('t', 's'))
    socket.close()
    return { interrupted }
  },

  async 'too-large'() {
    const socket = NetlinkSocket.open()
    const small = await socket.transact([addTable('t')], 0)
    const large = await socket.transact(hugeSet(600_000), 0)
    socket.close()
    return { small, large }
  },

  /** How often the loop turns while the kernel commits. */
  async 'long-commit'() {
    const raw = openRaw()
    let turned = 0
    const sendFromThread: RawSocket['sendFromThread'] = (frame, sent) => {
      const turning = setInterval(() => {
        turned += 1
      }, 1)
      raw.sendFromThread(frame, (error) => {
        clearInterval(turning)
        sent(error)
      })
    }
    const socket = NetlinkSocket.over({ ...raw, sendFromThread })
    const outcome = await socket.transact(hugeSet(), 0)
    socket.close()
    return { outcome, turned }
  },

  /** The descriptor must not be another one's before the thread has sent all. */
  async 'closed-while-committing'() {
    const raw = openRaw()
    let end: (code: string | undefined) => void
    const sent = new Promise<string | undefined>((resolve) => {
      end = resolve
    })
    const sendFromThread: RawSocket['sendFromThread'] = (frame) => {
      raw.sendFromThread(frame, (error) => end(error?.code))
      socket.close()
    }
    const socket = NetlinkSocket.over({ ...raw, sendFromThread })
    const pending = await codeOf(socket.transact(hugeSet(), 0))
    const error = await sent
    const other = NetlinkSocket.open()
    const { replies } = await other.dump(getTable())
    other.close()
    return { pending, error, tables: replies.length }
  },

  async unprivileged() {
    const socket = NetlinkSocket.open()
    const transact = await codeOf(socket.transact([addTable('one')], 0))
    const generation = await codeOf(socket.generation())
    socket.close()
    return { transact, generation }
  },

  async 'closed-midway'() {
    const socket = NetlinkSocket.open()
    const pending = codeOf(socket.generation())
    const queued = codeOf(socket.dump(getTable()))
    await turn()
    socket.close()
    socket.close()
    return {
      pending: await pending,
      queued: await queued,
      later: await codeOf(socket.generation()),
    }
  },
}

function hugeSet(elements = 200_000): readonly Request[] {
  const requests = [addTable('t'), addSet('t', 's')]
  for (let from = 0; from < elements; from += 20_000)
    requests.push(...addElements('t', 's', from, 20_000))
  return requests
}

/** Nor an acknowledged request: the kernel acknowledges even what it does not commit. */
function withoutEnd(frame: Buffer): Buffer {
  if (frame.readUInt16LE(4) !== BATCH_BEGIN) return frame
  const batch = frame.subarray(0, frame.length - BATCH_END_LENGTH)
  for (
    let offset = 0;
    offset < batch.length;
    offset += Math.ceil(batch.readUInt32LE(offset) / 4) * 4
  )
    batch.writeUInt16LE(batch.readUInt16LE(offset + 6) & ~NLM_F_ACK, offset + 6)
  return batch
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return { answered: await promise }
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : String(error)
  }
}

function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
