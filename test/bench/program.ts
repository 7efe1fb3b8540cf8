import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodelb } from '../support/lab.ts'
import { FileFeed } from './agent-file-feed.ts'
import { addNamespace, type Cost, costInside, removeNamespace } from './agent-namespace.ts'
import { makeManifests, nodeManifest } from './agent-objects.ts'
import { startAgent } from './agent-process.ts'
import type { Section } from './backends.ts'
import { node, type Size } from './cluster.ts'
import { median, ratio, short, table } from './statistics.ts'

const NAMESPACE = 'nodelb-bench-small'
const SMALL: Size = { services: 1_000, endpoints: 2, dualStack: false, external: false }

/** What a command costs before it has anything to do, and a small cluster. */
export async function measureProgram(
  folder: string,
  progress: (what: string) => void,
  turns: number,
): Promise<Section> {
  progress('the program itself')
  const file = join(folder, 'few.json')
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: few() }))
  const objects = ['-f', file, '--node', node.name, '--scope', 'all']
  const commands: readonly (readonly [string, readonly string[]])[] = [
    ['node -e 0', [process.execPath, '-e', '0']],
    ['nodelb --version', [nodelb, '--version']],
    ['nodelb diff, 3 Services, nothing to do', [nodelb, 'diff', ...objects]],
  ]
  await addNamespace(NAMESPACE)
  try {
    await costInside(NAMESPACE, [nodelb, 'apply', ...objects])
    const found = commands.map(([what, command]) => ({ what, command, costs: [] as Cost[] }))
    for (let turn = 0; turn < turns; turn++) {
      for (const { command, costs } of found) costs.push(await costInside(NAMESPACE, command))
    }
    const all = found.map(({ what, costs }) => ({
      what,
      ms: median(costs.map(({ ms }) => ms)),
      cpuMs: median(costs.map(({ cpuMs }) => cpuMs)),
    }))
    return report([...all, await smallAgent(turns)])
  } finally {
    await removeNamespace(NAMESPACE)
  }
}

function few(): readonly object[] {
  const { services, slices } = makeManifests({ ...SMALL, services: 3 })
  return [nodeManifest, ...services, ...slices]
}

interface Row {
  readonly what: string
  readonly ms: number
  /** Missing for what goes on. */
  readonly cpuMs?: number
}

async function smallAgent(turns: number): Promise<Row> {
  const feed = await FileFeed.open(SMALL)
  const found: { readonly ms: number; readonly residentMb: number }[] = []
  try {
    while (found.length < turns) {
      const { agent, start } = await startAgent(feed, '--cleanup-on-exit')
      found.push(start)
      await agent.end('SIGTERM')
    }
  } finally {
    await feed.close()
  }
  const resident = short(median(found.map(({ residentMb }) => residentMb)))
  return {
    what: `agent, 1k × 2 from files, ${resident} MB`,
    ms: median(found.map(({ ms }) => ms)),
  }
}

function report(rows: readonly Row[]): Section {
  const least = rows[0]?.ms ?? Number.NaN
  return {
    title: 'The program: from its start to its end, of the agent to all programmed; medians',
    body: table(
      ['command', 'seconds', 'CPU seconds', 'to node -e 0'],
      rows.map(({ what, ms, cpuMs = Number.NaN }) => [
        what,
        short(ms / 1000),
        short(cpuMs / 1000),
        ratio(least, ms),
      ]),
    ),
    notes: [],
  }
}
