import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { enterNewNetwork, nft } from '../apply/nftables/namespace.ts'

/** `nodelb explain` and `nodelb diff --against` as people start them, in a network of their own. */

const program = fileURLToPath(new URL('../../dist/nodelb.js', import.meta.url))
const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url))
const WITHOUT = ['setpriv', '--bounding-set=-all', '--inh-caps=-all']

beforeAll(() => enterNewNetwork())
beforeEach(async () => {
  await nft('flush', 'ruleset')
})

interface Result {
  readonly code: number | undefined
  readonly out: string
  readonly err: readonly string[]
}

async function start([file = '', ...args]: readonly string[]): Promise<Result> {
  const ended = await execa(file, args, { reject: false, stripFinalNewline: false })
  return { code: ended.exitCode, out: ended.stdout, err: ended.stderr.split('\n').slice(0, -1) }
}

function nodelb(...args: readonly string[]): Promise<Result> {
  return start([process.execPath, program, ...args])
}

function filesOf(fixture: string): readonly string[] {
  const folder = `${fixtures}${fixture}`
  return ['-f', `${folder}/input.yaml`, `${folder}/node.yaml`, '--node', 'node-a']
}

const packet = (from: string, to: string): readonly string[] => [
  'explain',
  '--from',
  from,
  '--to',
  to,
  '--full',
]

describe('where an address comes from', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nodelb-origin-'))
    await writeFile(join(folder, 'node.json'), JSON.stringify(NODE))
    await writeFile(join(folder, 'service.json'), JSON.stringify(MARKED))
    await writeFile(join(folder, 'pool.json'), JSON.stringify(POOL))
  })
  afterAll(() => rm(folder, { recursive: true }))

  async function explained(files: readonly string[], ...more: readonly string[]): Promise<string> {
    const paths = ['node.json', 'service.json', ...files].map((file) => join(folder, file))
    const to = packet('192.0.2.2', '203.0.113.30:80')
    const { code, out, err } = await nodelb(...to, '-f', ...paths, '--node', 'node-a', ...more)
    expect({ code, err }).toEqual({ code: 0, err: [] })
    return out
  }

  test('of its pool, as the Service says it, control characters escaped', async () => {
    const line = '  address  of pool marked: IPAddressPool marked\\u001b[31m gives it\n'
    expect(await explained([])).toContain(line)
  })

  test('of its pool, with the reason, where the pools are among the files', async () => {
    const out = await explained(['pool.json'])
    expect(out).toContain('  address  of pool production: The Service keeps what it has\n')
    const json: unknown = JSON.parse(await explained(['pool.json'], '-o', 'json'))
    const address = { pool: 'production', reason: 'The Service keeps what it has' }
    expect(json).toMatchObject({ of: 'files', address })
  })

  test('from standard input, which is read once for everything', async () => {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [NODE, MARKED, POOL] })
    const args = [...packet('192.0.2.2', '203.0.113.30:80'), '-f', '-', '--node', 'node-a']
    const { stdout } = await execa(process.execPath, [program, ...args], { input })
    expect(stdout).toContain('  address  of pool production: The Service keeps what it has\n')
  })
})

const NODE = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-a' },
  spec: { podCIDRs: ['10.244.1.0/24'] },
  status: { addresses: [{ type: 'InternalIP', address: '192.0.2.10' }] },
}

const MARKED = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    ...{ namespace: 'shop', name: 'web' },
    annotations: { 'metallb.io/ip-allocated-from-pool': 'marked' },
  },
  spec: {
    type: 'LoadBalancer',
    clusterIP: '10.96.0.10',
    ports: [{ port: 80, nodePort: 30080 }],
  },
  status: {
    loadBalancer: { ingress: [{ ip: '203.0.113.30' }] },
    conditions: [
      {
        ...{ type: 'nodelb.io/AddressAssigned', status: 'True', reason: 'PoolChosen' },
        message: 'IPAddressPool marked\u001b[31m gives it',
      },
    ],
  },
}

const POOL = {
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { namespace: 'metallb-system', name: 'production' },
  spec: { addresses: ['203.0.113.0/24'] },
}

describe('from files', () => {
  const local = filesOf('external-policy-local')

  test('text for people: what becomes of the packet, why, and the rules in order', async () => {
    const { code, out, err } = await nodelb(...packet('192.0.2.2', '203.0.113.30:80'), ...local)
    expect({ code, err }).toEqual({ code: 0, err: [] })
    expect(out).toMatchInlineSnapshot(`
      "192.0.2.2 -> 203.0.113.30:80/tcp: delivered
        Service   web/envoy:http load-balancer
        policy    Local: endpoints on this node only
        endpoint  10.244.1.10:8080  1 of 2
                  10.244.1.11:8080  1 of 2
        sees      192.0.2.2, as it came: policy Local keeps it

        prerouting
          nat-prerouting: jump dispatch
          dispatch: ip daddr . meta l4proto . th dport @services goto service
            @services 203.0.113.30 . tcp . 80 comment "web/envoy:http load-balancer"
          service: ip daddr . meta l4proto . th dport @local-services goto local-service
            @local-services 203.0.113.30 . tcp . 80
          local-service: goto spread-local
          spread-local: ip daddr . meta l4proto . th dport @local-services-2 meta l4proto { tcp, udp, sctp } dnat ip to ip daddr . meta l4proto . th dport . numgen random mod 2 map @local-endpoints
            @local-services-2 203.0.113.30 . tcp . 80
            @local-endpoints 203.0.113.30 . tcp . 80 . 0 : 10.244.1.10 . 8080
            @local-endpoints 203.0.113.30 . tcp . 80 . 1 : 10.244.1.11 . 8080
      "
    `)
  })

  test('no privilege is needed', async () => {
    const args = [...packet('192.0.2.2', '203.0.113.30:80'), ...local]
    const ended = await start([...WITHOUT, process.execPath, program, ...args])
    expect(ended).toMatchObject({ code: 0, err: [] })
    expect(ended.out).toContain('10.244.1.10:8080  1 of 2')
  })

  test.each([
    [
      'source-ranges',
      '192.0.2.3',
      '203.0.113.80:443',
      /dropped\n.*\n {2}why .*loadBalancerSourceRanges/,
    ],
    [
      'external-policy-local-without-local-endpoints',
      '192.0.2.2',
      '203.0.113.31:80',
      /dropped\n.*\n.*\n {2}why .*policy Local/,
    ],
    [
      'load-balancer-without-endpoints',
      '192.0.2.2',
      '203.0.113.20:80',
      /refused\n.*\n {2}why .*no endpoint.*\n {2}with .*reset/,
    ],
    [
      'load-balancer-undefined-port',
      '192.0.2.2',
      '203.0.113.15:8883',
      /not ours\n {2}why .*\n {2}known there {2}tcp 1883: /,
    ],
    ['udp', '192.0.2.2', '203.0.113.54:514/udp', /delivered\n[\s\S]*masqueraded: policy Cluster/],
    ['load-balancer-hairpin', '10.244.1.10', '203.0.113.13:80', /delivered\n[\s\S]*masqueraded: /],
    [
      'ipv6',
      '2001:db8:1::2',
      '[2001:db8:100::63]:80',
      /-> \[2001:db8:100::63\]:80\/tcp: delivered/,
    ],
  ])('%s: %s -> %s', async (fixture, from, to, expected) => {
    const { code, out, err } = await nodelb(...packet(from, to), ...filesOf(fixture))
    expect({ code, err }).toEqual({ code: 0, err: [] })
    expect(out).toMatch(expected)
  })

  test('with ipvs, the virtual server and its destinations', async () => {
    const ask = packet('192.0.2.2', '203.0.113.30:80')
    const { code, out } = await nodelb(...ask, ...local, '--backend', 'ipvs')
    expect(code).toBe(0)
    expect(out).toContain(`
  input
    ipvs: -t 203.0.113.30:80 rr
      -> 10.244.1.10:8080 masq
      -> 10.244.1.11:8080 masq
`)
  })

  test('with ipvs beside kube-proxy, what is left to that', async () => {
    const ask = packet('10.244.1.12', '203.0.113.30:80')
    const { out } = await nodelb(...ask, ...local, '--backend', 'ipvs')
    expect(out).toMatch(/^10.244.1.12 -> 203.0.113.30:80\/tcp: not ours$/m)
    expect(out).toMatch(/^ {2}why +policy Local is not for pods and the node itself: kube-proxy/m)
  })

  test('-o json', async () => {
    const { out } = await nodelb(
      ...packet('192.0.2.2', '203.0.113.31:80'),
      '-o',
      'json',
      ...filesOf('external-policy-local-without-local-endpoints'),
    )
    const { ways, ...rest } = JSON.parse(out)
    expect(rest).toEqual({
      packet: {
        from: '192.0.2.2',
        to: '203.0.113.31',
        port: 80,
        protocol: 'tcp',
        sentBy: 'other',
        interface: null,
      },
      of: 'files',
      address: null,
      announced: null,
      bgp: null,
      doubts: [],
      kernel: null,
    })
    expect(ways).toMatchObject([
      {
        odds: 1,
        outcome: { kind: 'dropped', why: 'no-local-endpoints' },
        service: expect.stringMatching(/ load-balancer$/),
        policy: 'local',
        reach: null,
        sticky: false,
        besides: [],
      },
    ])
    expect(ways[0].steps.at(-1)).toEqual({
      kind: 'rule',
      hook: 'prerouting',
      chain: 'untranslated',
      rule: 'ip daddr . meta l4proto . th dport @no-local-endpoints drop',
      elements: [
        {
          set: 'no-local-endpoints',
          key: '203.0.113.31 . tcp . 80',
          comment: ways[0].service,
        },
      ],
    })
  })

  test('where an interface decides and is unknown, that is said, and --in tells', async () => {
    const fixture = 'local-traffic-bridge-interface'
    const files = [...filesOf(fixture), '--config', `${fixtures}${fixture}/config.yaml`]
    const ask = packet('192.0.2.2', '10.96.78.3:80')
    expect((await nodelb(...ask, ...files)).out).toContain(
      'not known  by which interface 192.0.2.2 comes in',
    )
    const told = (await nodelb(...ask, ...files, '--in', 'eth0')).out
    expect(told).toContain('in by eth0')
    expect(told).toContain('masqueraded: traffic to a ClusterIP that does not come from pods')
    expect(told).not.toContain('not known')
    const pod = (await nodelb(...packet('10.244.1.12', '10.96.78.3:80'), ...files)).out
    expect(pod).toContain('as it came: it comes from a pod')
  })
})

describe('from what the kernel holds', () => {
  const files = filesOf('load-balancer')
  const ask = packet('192.0.2.2', '203.0.113.10:80')

  test('the same as from the files it was made of', async () => {
    const wanted = await nodelb(...ask, ...files)
    await nodelb('apply', ...files)
    expect(await nodelb(...ask)).toEqual(wanted)
    expect((await nodelb(...ask, ...files)).out).toBe(
      `${wanted.out}\nThe kernel here holds these rules.\n`,
    )
  })

  test('where it differs from the files, that is said, and whether it matters to the packet', async () => {
    await nodelb('apply', ...files)
    await nft('add', 'element', 'ip', 'nodelb', 'services', '{ 198.51.100.9 . tcp . 80 }')
    const other = await nodelb(...ask, ...files)
    expect(other.out).toContain(
      'The kernel here differs from the files by 1 operation, but not in what becomes of this packet.\n',
    )
    await nft('delete', 'element', 'ip', 'nodelb', 'services', '{ 203.0.113.10 . tcp . 80 }')
    const { out } = await nodelb(...ask, ...files)
    expect(out).toContain(
      'The kernel here differs from the files by 2 operations, and does otherwise with this packet:\n\n192.0.2.2 -> 203.0.113.10:80/tcp: not ours\n',
    )
    const json = JSON.parse((await nodelb(...ask, ...files, '-o', 'json')).out)
    expect(json).toMatchObject({
      of: 'files',
      ways: Array.from({ length: 3 }, () => ({ outcome: { kind: 'delivered' } })),
      kernel: { operations: 2, same: false, ways: [{ outcome: { kind: 'untouched' } }] },
    })
  })

  test("a rule of another program in nodelb's chains is a doubt", async () => {
    await nodelb('apply', ...files)
    await nft('add', 'rule', 'ip', 'nodelb', 'dispatch', 'counter')
    expect((await nodelb(...packet('192.0.2.2', '203.0.113.12:80'))).out).toMatch(
      /not known {2}what this rule in chain dispatch does: counter/,
    )
  })

  test('no table: nothing is ours', async () => {
    const { code, out, err } = await nodelb(...ask)
    expect({ code, err }).toEqual({
      code: 0,
      err: ['nodelb: the kernel holds no rules of nodelb'],
    })
    expect(out).toContain('not ours')
  })

  test('without CAP_NET_ADMIN', async () => {
    const ended = await start([...WITHOUT, process.execPath, program, ...ask])
    expect(ended).toMatchObject({ code: 2, out: '' })
    expect(ended.err[0]).toContain('CAP_NET_ADMIN is missing')
  })
})

describe('what cannot be done is said in one line, with exit code 2', () => {
  test.each([
    [packet('client', '203.0.113.11:80'), '--from: found "client", expected an address'],
    [
      packet('192.0.2.2', '203.0.113.11'),
      '--to: found "203.0.113.11", expected ADDRESS:PORT, such as 203.0.113.10:80, 203.0.113.10:53/udp or [2001:db8::10]:80, or NAMESPACE/NAME of a Service, with :PORT for one of its ports',
    ],
    [
      packet('192.0.2.2', '2001:db8::10:80'),
      '--to: found "2001:db8::10:80", expected ADDRESS:PORT, such as 203.0.113.10:80, 203.0.113.10:53/udp or [2001:db8::10]:80, or NAMESPACE/NAME of a Service, with :PORT for one of its ports',
    ],
    [
      packet('192.0.2.2', '[2001:db8::10]:80'),
      '--from: found "192.0.2.2", expected an IPv6 address, as --to',
    ],
  ])('%s', async (args, line) => {
    expect(await nodelb(...args)).toEqual({ code: 2, out: '', err: [`nodelb: ${line}`] })
  })
})

describe('a Service by its name, asked by the node itself', () => {
  const files = filesOf('dual-stack')
  const first = (out: string): readonly string[] =>
    out.split('\n').filter((line) => line.includes(' -> '))

  test('by files: an answer for each address, and how many rules there are', async () => {
    const { code, out, err } = await nodelb('explain', '--to', 'shop/web', ...files)
    expect({ code, err }).toEqual({ code: 0, err: [] })
    expect(first(out)).toEqual([
      expect.stringMatching(/ -> 203\.0\.113\.60:80\/tcp, sent by the node: delivered$/),
      expect.stringMatching(/ -> \[2001:db8:100::60\]:80\/tcp, sent by the node: delivered$/),
    ])
    expect(out.match(/^ {2}6 rules; --full shows them$/gm)).toHaveLength(2)
    expect(out).not.toContain('nat-output')
    const full = await nodelb('explain', '--to', 'shop/web', '--full', ...files)
    expect(full.out).toContain('\n    nat-output: jump dispatch\n')
    expect(full.out).not.toContain('--full')
  })

  test.each(['nftables', 'iptables'])('by what the kernel holds, with %s', async (backend) => {
    await nodelb('apply', ...files, '--backend', backend)
    for (const to of ['shop/web', 'shop/web:http', 'shop/web:80']) {
      const { code, out } = await nodelb('explain', '--to', to)
      expect({ code, answers: first(out).length }).toEqual({ code: 0, answers: 2 })
    }
    const client = await nodelb('explain', '--to', 'shop/web', '--from', '192.0.2.9', '-o', 'json')
    expect(JSON.parse(client.out)).toMatchObject([
      { packet: { from: '192.0.2.9', to: '203.0.113.60', sentBy: 'other' }, of: 'kernel' },
    ])
    const nope = await nodelb('explain', '--to', 'shop/web:nope')
    expect(nope).toEqual({
      code: 2,
      out: '',
      err: [`${UNKNOWN('shop/web:nope')}; its ports: http`],
    })
    await nodelb('cleanup')
    expect(await nodelb('explain', '--to', 'shop/web')).toEqual({
      ...{ code: 2, out: '', err: [UNKNOWN('shop/web')] },
    })
  })

  test('scope all: the ClusterIP as well, behind what clients outside use; no ports of nodes', async () => {
    const { out } = await nodelb(...['explain', '--to', 'shop/web', ...files, '--scope', 'all'])
    const places = first(out).map((line) => / -> (\S+):\d+\/tcp/.exec(line)?.[1])
    expect(places.slice(0, 2)).toEqual(['203.0.113.60', '[2001:db8:100::60]'])
    expect(places.length).toBeGreaterThan(2)
    expect(places.every((place) => place !== undefined)).toBe(true)
  })

  test('who comes in by an interface has to be said', async () => {
    const err = ['nodelb: --in: found "lo", expected --from beside it: who comes in there']
    const asked = await nodelb('explain', '--to', 'shop/web', '--in', 'lo')
    expect(asked).toEqual({ code: 2, out: '', err })
  })
})

const UNKNOWN = (name: string): string =>
  `nodelb: --to: found "${name}", expected a Service that has an address here, of the family of --from`

describe('diff --against', () => {
  const story = `${fixtures}stories/scale-up-and-down/`
  const node = ['--node', 'node-a']
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nodelb-against-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  const between = (old: string, now: string): readonly string[] => [
    ...['diff', '-f', now, `${story}node.yaml`, ...node, '--against', old],
  ]

  test('what changes from one set of objects to the other, by Service, without any privilege', async () => {
    const args = between(`${story}1-input.yaml`, `${story}2-input.yaml`)
    const ended = await start([...WITHOUT, process.execPath, program, ...args])
    expect(ended).toMatchObject({ code: 1, err: [] })
    expect(ended.out).toMatchInlineSnapshot(`
      "~ shop/web:http  203.0.113.150:80/tcp
          + endpoints 10.244.1.11:8080, 10.244.2.10:8080  1 -> 3 endpoints, each 1/3

      1 Service changed; 6 operations in one transaction.
      "
    `)
  })

  test('it is the plan of a node that holds the old objects', async () => {
    await nodelb('apply', '-f', `${story}1-input.yaml`, `${story}node.yaml`, ...node)
    const onNode = await nodelb('diff', '-f', `${story}2-input.yaml`, `${story}node.yaml`, ...node)
    const args = between(`${story}1-input.yaml`, `${story}2-input.yaml`)
    expect(await nodelb(...args)).toEqual(onNode)
  })

  test('the same objects: nothing, exit 0', async () => {
    const same = between(`${story}1-input.yaml`, `${story}1-input.yaml`)
    expect(await nodelb(...same)).toEqual({ code: 0, out: '0 operations\n', err: [] })
  })

  test('old objects that are not there: trouble', async () => {
    const ended = await nodelb(...between('/nowhere.yaml', `${story}1-input.yaml`))
    expect(ended).toEqual({
      code: 2,
      out: '',
      err: ['/nowhere.yaml: found no such file or folder, expected a readable file or folder'],
    })
  })

  test('a Service that turned unreadable keeps its rules, as on a node', async () => {
    const file = join(folder, 'broken.yaml')
    const text = (await execa('cat', [`${story}1-input.yaml`])).stdout
    await writeFile(file, text.replace(/port: 80\b/, 'port: 70000'))
    const { code, out, err } = await nodelb(...between(`${story}1-input.yaml`, file))
    expect({ code, out }).toEqual({ code: 0, out: '0 operations\n' })
    expect(err).toEqual([expect.stringContaining('found 70000, expected a port')])
  })
})
