import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'

const SCRIPT = fileURLToPath(new URL('scenario.ts', import.meta.url))
/** Root in a network of its own. */
const NETWORK = ['unshare', '--net']
/** Root of a user namespace only: may change rules, may not force buffers. */
const USER_NAMESPACE = ['unshare', '--map-root-user', '--net']
const WITHOUT_NET_ADMIN = [
  ...NETWORK,
  'setpriv',
  '--bounding-set=-net_admin',
  '--inh-caps=-net_admin',
]

interface Ending {
  /** What the scenario printed, if it came to its end. */
  readonly result: unknown
  readonly exitCode: number | undefined
  readonly signal: string | undefined
}

async function run(scenario: string, inside: readonly string[] = NETWORK): Promise<Ending> {
  const [command = '', ...rest] = [...inside, process.execPath, '--import', 'tsx', SCRIPT, scenario]
  const child = await execa(command, rest, { reject: false, timeout: 240_000 })
  const result = child.stdout === '' ? child.stderr : JSON.parse(child.stdout)
  return { result, exitCode: child.exitCode, signal: child.signal }
}

async function resultOf(scenario: string, inside?: readonly string[]): Promise<unknown> {
  const { result, exitCode } = await run(scenario, inside)
  expect({ exitCode, result }).toEqual({ exitCode: 0, result })
  return result
}

/** 134 is SIGABRT as a shell reports it. */
function aborted({ exitCode, signal }: Ending): boolean {
  return signal === 'SIGABRT' || exitCode === 134
}

describe('what kills a process that uses npm netlink as it comes', { concurrent: true }, () => {
  it.each([
    ['bare-failing-batch', 'more errors than the receive buffer holds'],
    ['bare-throwing-listener', 'an exception in a message handler'],
    ['bare-flooded-monitor', 'more announcements than the receive buffer holds'],
  ])('%s: %s', async (scenario) => {
    const ending = await run(scenario)
    expect(ending).toSatisfy(aborted)
  })
})

describe('a NetlinkSocket survives', () => {
  it('reports every one of 5,000 failing requests', async () => {
    expect(await resultOf('failing-batch')).toEqual({
      distinct: 5_000,
      last: { index: 4_999, errno: 'ENOENT', offset: 20 },
      after: { kind: 'committed' },
      drops: 0,
    })
  })

  it('reports those errors that fit into a receive buffer that cannot grow', async () => {
    expect(await resultOf('failing-batch-past-the-buffer')).toEqual({
      kind: 'rejected',
      some: true,
      all: false,
      drops: true,
      after: { kind: 'committed' },
    })
  })

  it('goes on after a listener throws', async () => {
    expect(await resultOf('throwing-listener')).toEqual({ heard: 2, warned: true })
  })

  it('lets what a caller throws reach uncaughtException', async () => {
    const errors = ['promise bug', 'tick bug']
    expect(await resultOf('throwing-continuation')).toEqual({ errors, alive: true })
  })

  it('goes on after a flood of announcements', async () => {
    expect(await resultOf('flooded-monitor')).toEqual({
      flood: { kind: 'committed' },
      after: { kind: 'committed' },
      lost: true,
      heard: 1,
      answers: true,
    })
  })

  it('waits for answers it was too busy to read', async () => {
    expect(await resultOf('busy-loop')).toBe(4_000)
  })
})

describe('a transaction', () => {
  it('is stale once another process has committed', async () => {
    expect(await resultOf('generations')).toEqual({
      first: { kind: 'committed' },
      second: { kind: 'stale' },
      third: { kind: 'committed' },
      tables: 2,
    })
  })

  it('ends without an answer, and without effect, if its end is missing', async () => {
    expect(await resultOf('missing-end')).toEqual({ outcome: { kind: 'no-answer' }, tables: 0 })
  })

  it('ends at the time limit if nothing comes back', async () => {
    expect(await resultOf('deaf-socket')).toEqual({
      outcome: { kind: 'no-answer' },
      dump: 'ETIMEDOUT',
    })
  })

  it('ends and closes the socket if sending never ends', async () => {
    expect(await resultOf('stuck-send')).toEqual({ first: 'ENOBUFS', second: 'ENOBUFS' })
  })

  it('asks again if the answer to its fence is lost', async () => {
    const outcome = { kind: 'committed' }
    expect(await resultOf('lost-fence')).toEqual({ outcome, fences: 2 })
  })

  it('tells of a commit before its result is there, however large it is', async () => {
    expect(await resultOf('told-at-once')).toEqual([
      'small committed',
      'small committed',
      'refused rejected',
      'large committed',
      'large committed',
    ])
  })

  it('leaves the event loop alone while the kernel commits', async () => {
    const { outcome, turned } = (await resultOf('long-commit')) as {
      readonly outcome: unknown
      readonly turned: number
    }
    expect(outcome).toEqual({ kind: 'committed' })
    expect(turned).toBeGreaterThan(20)
  })

  it('is committed all the same if the socket closes meanwhile', async () => {
    const tables = { pending: 'ECANCELED', tables: 1 }
    expect(await resultOf('closed-while-committing')).toEqual(tables)
  })

  it('grows the send buffer where it may', async () => {
    const committed = { kind: 'committed' }
    expect(await resultOf('too-large')).toEqual({ small: committed, large: committed })
  })

  it('is too large where the send buffer may not grow', async () => {
    const large = { kind: 'too-large', bytes: expect.any(Number), limit: expect.any(Number) }
    const result = await resultOf('too-large', USER_NAMESPACE)
    expect(result).toEqual({ small: { kind: 'committed' }, large })
  })

  it('is refused without CAP_NET_ADMIN', async () => {
    expect(await resultOf('unprivileged', WITHOUT_NET_ADMIN)).toEqual({
      transact: 'EPERM',
      generation: 'EPERM',
    })
  })
})

describe('requests', () => {
  it('wait for each other', async () => {
    expect(await resultOf('concurrent-requests')).toEqual({
      same: true,
      bytes: expect.any(Number),
      interrupted: [false, false, false],
      generation: true,
      missing: 'ENOENT',
      found: 1,
    })
  })

  it('tell when the rule set changed while it was dumped', async () => {
    expect(await resultOf('changed-while-dumped')).toEqual({ interrupted: true })
  })

  it('reject when the socket closes', async () => {
    expect(await resultOf('closed-midway')).toEqual({
      pending: 'ECANCELED',
      queued: 'ECANCELED',
      later: 'ECANCELED',
    })
  })
})
