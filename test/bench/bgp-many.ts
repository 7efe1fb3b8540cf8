import { BgpFabric } from '../support/bgp-fabric.ts'
import { bgpAddress } from '../support/bgp-objects.ts'
import { median, short } from './statistics.ts'

const SERVICES = 1_000
/** The router is asked again after so many milliseconds. */
const POLL_MS = 20

/** Prints how long many prefixes take to a router that has none, another community for all, and their end. */
export async function tellMany(runs: number): Promise<void> {
  const fabric = await BgpFabric.build({
    scene: {
      ...{ nodes: ['n1'], services: SERVICES, endpoints: ['n1'], policy: 'Cluster', cordoned: [] },
      ...{ communities: [], bfd: false },
    },
  })
  try {
    const took = new Map<string, number[]>()
    for (let run = 0; run < runs; run++) {
      for (const [what, time] of Object.entries(await once(fabric, run))) {
        took.set(what, [...(took.get(what) ?? []), time])
      }
    }
    console.log(
      `\n${SERVICES} prefixes, ${runs} runs\n\n| event | median ms | worst ms |\n|---|---|---|`,
    )
    for (const [what, times] of took) {
      console.log(`| ${what} | ${short(median(times))} | ${short(Math.max(...times))} |`)
    }
  } finally {
    await fabric.remove()
  }
}

/** An agent and an FRR that has just started, and all that follows; milliseconds. */
async function once(fabric: BgpFabric, run: number): Promise<Readonly<Record<string, number>>> {
  const began = performance.now()
  const agent = fabric.start('n1')
  await agent.first('agent-ready')
  const ready = performance.now()
  const routed = await fabric.routed(['n1'])
  const changed = performance.now()
  const community = `64500:${run + 1}`
  fabric.write({ communities: [community] })
  const marked = await allHave(fabric, community)
  const leaves = performance.now()
  fabric.write({ services: 0 })
  const gone = await fabric.routes.until(
    (routes) => !routes.has(bgpAddress(0)) && routes.size === 0,
  )
  fabric.write({ services: SERVICES, communities: [] })
  await fabric.routed(['n1'])
  await agent.end('SIGKILL')
  await fabric.frr('n1').kill('bgpd')
  await fabric.routes.until((routes) => routes.size === 0)
  await fabric.frr('n1').run('bgpd')
  return {
    'agent started: all on the router': routed - began,
    'of these, after the rules were programmed': routed - ready,
    'another community for all': marked - changed,
    'all Services go': gone - leaves,
  }
}

/** Resolves once all prefixes have the community, with the time of it. */
async function allHave(fabric: BgpFabric, community: string): Promise<number> {
  const last = bgpAddress(SERVICES - 1)
  for (;;) {
    const [one = ''] = await fabric.router.tell('bgpd', `show bgp ipv4 unicast ${last}/32 json`)
    if (one.includes(community)) {
      const all = `show bgp ipv4 unicast community ${community} json`
      const [text = ''] = await fabric.router.tell('bgpd', all)
      if (Object.keys(JSON.parse(text).routes ?? {}).length === SERVICES) return performance.now()
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
