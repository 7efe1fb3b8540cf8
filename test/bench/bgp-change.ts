import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { BgpFabric } from '../support/bgp-fabric.ts'
import { bgpAddress } from '../support/bgp-objects.ts'
import type { FrrLab } from '../support/frr.ts'
import { median, short } from './statistics.ts'

const SERVICES = 1_000
/** Debian has it in frr-pythontools; FRR_RELOAD names another one. */
const { FRR_RELOAD: RELOAD = '/usr/lib/frr/frr-reload.py' } = process.env

/** A way to have one address more on the router. */
interface Way {
  readonly title: string
  /**
   * Prepares what has FRR announce an address that nodelb does not know of, and returns that; undefined
   * for nodelb itself.
   */
  readonly prepare?: (frr: FrrLab, address: string) => Promise<() => Promise<unknown>>
}

const WAYS: readonly Way[] = [
  { title: 'nodelb, from the file of a Service' },
  { title: 'vtysh -f, with that line alone', prepare: oneLine },
  ...(existsSync(RELOAD) ? [{ title: 'frr-reload.py --reload, whole file', prepare: reload }] : []),
  { title: 'vtysh -f, whole file', prepare: whole },
]

/** Prints how long one address more among many takes, from object to route on the router, beside other ways. */
export async function tellChanges(runs: number): Promise<void> {
  const fabric = await BgpFabric.build({
    scene: {
      ...{ nodes: ['n1'], services: SERVICES, endpoints: ['n1'], policy: 'Cluster', cordoned: [] },
      ...{ communities: [], bfd: false },
    },
  })
  try {
    await fabric.start('n1').first('agent-ready')
    await fabric.routed(['n1'])
    const took = new Map(WAYS.map((way) => [way, [] as Took[]]))
    for (let run = 0; run < runs; run++) {
      for (const way of WAYS) took.get(way)?.push(await added(fabric, way))
    }
    const [ours = []] = took.values()
    const usual = median(ours.map(({ whole }) => whole))
    console.log(`\nOne address more among ${SERVICES}, ${runs} runs of each in turns\n`)
    console.log('| way | median ms | worst ms | times as long as nodelb |\n|---|---|---|---|')
    const tell = (title: string, times: readonly number[]): void => {
      const cells = [median(times), Math.max(...times), median(times) / usual].map(short)
      console.log(`| ${[title, ...cells].join(' | ')} |`)
    }
    for (const [{ title, prepare }, times] of took) {
      tell(
        title,
        times.map(({ whole }) => whole),
      )
      if (prepare !== undefined) continue
      tell(
        'of these, after its rules were programmed',
        times.map(({ after }) => after),
      )
    }
    if (!existsSync(RELOAD)) console.log(`\nfrr-reload.py is not there: ${RELOAD}`)
  } finally {
    await fabric.remove()
  }
}

/** Milliseconds until the router has it. */
interface Took {
  readonly whole: number
  /** For nodelb: of these, after its rules were programmed. */
  readonly after: number
}

/** Has the router have one address more, which is gone again afterwards. */
async function added(fabric: BgpFabric, { prepare }: Way): Promise<Took> {
  const address = bgpAddress(SERVICES)
  const add = async (): Promise<number> => {
    const agent = fabric.agent('n1')
    agent.skip()
    fabric.add(SERVICES)
    await agent.next('kernel-committed', ({ operations }) => Number(operations) > 0)
    return performance.now()
  }
  const tell = (await prepare?.(fabric.frr('n1'), address)) ?? add
  const began = performance.now()
  const [routed, programmed] = await Promise.all([
    fabric.routes.until((routes) => routes.has(address)),
    tell(),
  ])
  const took = { whole: routed - began, after: routed - Number(programmed) }
  if (prepare === undefined) fabric.add()
  else await fabric.frr('n1').tell('bgpd', ...FAMILY, `no network ${address}/32`, 'end')
  await fabric.routes.until((routes) => !routes.has(address))
  return took
}

const FAMILY = ['configure terminal', 'router bgp 64501', 'address-family ipv4 unicast']

async function oneLine(frr: FrrLab, address: string): Promise<() => Promise<unknown>> {
  const { line } = await running(frr, address)
  const block = ['router bgp 64501', ' address-family ipv4 unicast', `  ${line}`]
  return vtysh(frr, `${block.join('\n')}\n exit-address-family\nexit\n`)
}

async function whole(frr: FrrLab, address: string): Promise<() => Promise<unknown>> {
  return vtysh(frr, (await running(frr, address)).text)
}

function vtysh(frr: FrrLab, text: string): () => Promise<unknown> {
  const file = join(frr.folder, 'change.conf')
  writeFileSync(file, text)
  const options = ['--vty_socket', frr.folder, '--config_dir', frr.folder]
  return () => execa('ip', ['netns', 'exec', frr.namespace, 'vtysh', ...options, '-f', file])
}

async function reload(frr: FrrLab, address: string): Promise<() => Promise<unknown>> {
  const file = join(frr.folder, 'frr.conf')
  writeFileSync(file, (await running(frr, address)).text)
  writeFileSync(join(frr.folder, 'vtysh.conf'), 'service integrated-vtysh-config\n')
  const folders = ['--vty_socket', '--confdir', '--rundir'].flatMap((each) => [each, frr.folder])
  const command = ['python3', RELOAD, '--reload', '--bindir', '/usr/bin', ...folders, file]
  return () => execa('ip', ['netns', 'exec', frr.namespace, ...command])
}

/** What FRR is configured to be, with one network more, and the line of that. */
async function running(frr: FrrLab, address: string) {
  const [text = ''] = await frr.tell('bgpd', 'show running-config')
  const [like = '', map = ''] = /^ {2}network \S+ (route-map \S+)$/m.exec(text) ?? []
  const line = `network ${address}/32 ${map}`
  return { line, text: text.replace(like, `${like}\n  ${line}`) }
}
