import { writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Lab } from '../support/lab.ts'
import { tried } from '../support/runs.ts'
import type { PartyName } from '../support/topology.ts'

/** voip/asterisk: three pods, and an address of each family. */
const fixture = new URL('../../fixtures/session-affinity-dual-stack/', import.meta.url).pathname
const FORMER = new URL('former/affinity-by-time-and-seat.nft', import.meta.url)
const SEATS = [0, 1, 2]

const families = [
  { table: 'ip', balancer: '203.0.113.76', to: '203.0.113.76:5061', others: '198.51.100.' },
  {
    table: 'ip6',
    balancer: '2001:db8:100::76',
    to: '[2001:db8:100::76]:5061',
    others: '2001:db8:9::',
  },
] as const
type Family = (typeof families)[number]

let lab: Lab
let config: string
let scratch: string
beforeAll(async () => {
  scratch = await mkdtemp(`${tmpdir()}/nodelb-affinity-`)
  config = `${scratch}/config.yaml`
  const kind = 'apiVersion: nodelb.io/v1alpha1\nkind: NodelbConfiguration\n'
  writeFileSync(config, `${kind}scope: all\nsessionAffinity: { clients: 4 }\n`)
  lab = await Lab.build()
})
afterEach(async () => {
  const { exitCode, stderr } = await lab.nodelb(['cleanup'])
  expect(exitCode, stderr).toBe(0)
  await lab.flushConnections()
})
afterAll(async () => {
  await lab?.remove()
  await rm(scratch, { recursive: true })
})

describe.each(tried(families))(
  'in $table, when clients of another address fill the memory,',
  (family) => {
    test('who is known stays, who is not stays as well, and there is a word of it', async () => {
      await applied()
      const known = await answering(family, 'client')
      await fill(family)
      expect(await answering(family, 'client')).toBe(known)
      expect(await crowded(family)).toEqual([])
      // The first one that finds no room is spread like any other; from then on the hash says
      // where.
      await pods(family, 'client-2', 1)
      expect(await crowded(family)).toEqual([`${family.balancer} . tcp . 5061`])
      const home = await answering(family, 'client-2')
      await applied()
      expect(await answering(family, 'client-2')).toBe(home)
      // When there is room again, it is remembered where it is.
      for (const seat of SEATS)
        await nft(['flush', 'set', family.table, 'nodelb', `affinity-${seat}`])
      expect(await answering(family, 'client-2')).toBe(home)
      expect(await clients(family)).toHaveLength(1)
    })

    test('each client has its pod, and not all have the same', async () => {
      await applied()
      await fill(family)
      await pods(family, 'client', 1)
      const from: readonly PartyName[] = ['client', 'client-2', 'node', 'pod-d', 'pod-e']
      const homes = new Set<string>()
      for (const party of from) homes.add(await answering(family, party))
      expect(homes.size).toBeGreaterThan(1)
    })
  },
)

/** As the tables of the former version were made: another scope has its hooks elsewhere. */
const FLAGS = ['--backend', 'nftables', '--scope', 'load-balancer']

test('clients that a former version remembers stay where they are', async () => {
  await nft(['-f', '-'], await readFile(FORMER, 'utf8'))
  const before = await homes()
  const known = await Promise.all(families.map(clients))
  expect(known.map((each) => each.length)).toEqual([1, 1])
  await applied(FLAGS)
  expect(await Promise.all(families.map(clients))).toEqual(known)
  expect(await homes()).toEqual(before)
  expect(await applied(FLAGS)).toContain('0 operations')
})

test('with iptables, a flood of one Service takes no client away from another', async () => {
  const flags = ['--backend', 'iptables']
  await applied(flags)
  const [family] = families
  const home = await answering(family, 'client')
  const { stdout } = await lab.run('ls', ['/proc/thread-self/net/xt_recent'])
  const lists = stdout.split('\n').filter((name) => name.includes('203.0.113.76-udp'))
  expect(lists).toHaveLength(3)
  // More than a list of the module holds.
  const flood = Array.from({ length: 250 }, (_, n) => `+10.7.7.${n + 1}`)
  for (const list of lists) {
    const file = `/proc/thread-self/net/xt_recent/${list}`
    const { exitCode } = await lab.run(
      'sh',
      ['-c', `while read -r l; do echo "$l" > ${file}; done`],
      `${flood.join('\n')}\n`,
    )
    expect(exitCode).toBe(0)
  }
  expect(await answering(family, 'client')).toBe(home)
})

async function applied(flags: readonly string[] = ['--backend', 'nftables']): Promise<string> {
  const files = [`${fixture}input.yaml`, `${fixture}node.yaml`]
  const { stdout, stderr, exitCode } = await lab.nodelb([
    ...['apply', '-f', ...files, '--node', 'node-a', '--config', config, ...flags],
  ])
  expect(exitCode, stderr).toBe(0)
  return stdout
}

/** Clients of an address that is none of the Service's, in every seat, until there is no room. */
async function fill({ table, balancer, others }: Family): Promise<void> {
  const lines = SEATS.flatMap((seat) =>
    Array.from({ length: 8 }, (_, n) => {
      const key = `${others}${n + 1} . ${balancer.replace(/76$/, '99')} . tcp . 80`
      return `add element ${table} nodelb affinity-${seat} { ${key} timeout 1h }`
    }),
  )
  // One by one: the set takes as many as it has room for.
  const refused = []
  for (const line of lines) refused.push((await lab.run('nft', [line])).exitCode !== 0)
  expect(refused).toContain(true)
}

async function nft(args: readonly string[], input = ''): Promise<string> {
  const { stdout, stderr, exitCode } = await lab.run('nft', args, input)
  expect(exitCode, stderr).toBe(0)
  return stdout
}

async function pods({ to }: Family, from: PartyName, count: number): Promise<readonly string[]> {
  const answers = await lab.probe({ from, to, count, concurrency: 1 })
  return answers.map((answer) => (answer.kind === 'answered' ? answer.pod : answer.kind))
}

/** The one pod that answers this client, again and again. */
async function answering(family: Family, from: PartyName): Promise<string> {
  const answered = [...new Set(await pods(family, from, 20))]
  expect(answered).toHaveLength(1)
  expect(answered[0]).toMatch(/^pod-/)
  return answered[0] ?? ''
}

function homes(): Promise<readonly string[]> {
  return Promise.all(families.map((family) => answering(family, 'client')))
}

async function crowded({ table }: Family): Promise<readonly string[]> {
  return elements(await nft(['list', 'set', table, 'nodelb', 'crowded']))
}

/** Who is remembered for the Service, and in which seat. */
async function clients({ table, balancer }: Family): Promise<readonly string[]> {
  const found = []
  for (const seat of SEATS) {
    const listed = elements(await nft(['list', 'set', table, 'nodelb', `affinity-${seat}`]))
    found.push(...listed.filter((key) => key.includes(balancer)).map((key) => `${seat}: ${key}`))
  }
  return found
}

/** The keys of a set that nft lists with the time they have left. */
function elements(listing: string): readonly string[] {
  return [...listing.matchAll(/([\w.:]+(?: \. [\w.:]+)+) timeout/g)].map(([, key = '']) => key)
}
