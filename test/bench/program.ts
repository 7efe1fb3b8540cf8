import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { nodelb } from '../support/lab.ts'
import { FileFeed } from './agent-file-feed.ts'
import { addNamespace, inside, removeNamespace } from './agent-namespace.ts'
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
    await timed([nodelb, 'apply', ...objects])
    const found = commands.map(([what, command]) => ({ what, command, ms: [] as number[] }))
    for (let turn = 0; turn < turns; turn++) {
      for (const { command, ms } of found) ms.push(await timed(command))
    }
    const least = median(found[0]?.ms ?? [])
    const rows = found.map(({ what, ms }) => [
      what,
      short(median(ms) / 1000),
      ratio(least, median(ms)),
    ])
    return report([...rows, ...(await smallAgent(turns, least))])
  } finally {
    await removeNamespace(NAMESPACE)
  }
}

function few(): readonly object[] {
  const { services, slices } = makeManifests({ ...SMALL, services: 3 })
  return [nodeManifest, ...services, ...slices]
}

async function timed(command: readonly string[]): Promise<number> {
  const [file, ...enter] = inside(NAMESPACE)
  const began = performance.now()
  await execa(file, [...enter, ...command])
  return performance.now() - began
}

async function smallAgent(turns: number, least: number): Promise<readonly string[][]> {
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
  const ms = median(found.map((each) => each.ms))
  const resident = short(median(found.map(({ residentMb }) => residentMb)))
  return [[`agent, 1k × 2 from files, ${resident} MB`, short(ms / 1000), ratio(least, ms)]]
}

function report(rows: readonly (readonly string[])[]): Section {
  return {
    title: 'The program: from its start to its end, of the agent to all programmed; medians',
    body: table(['command', 'seconds', 'to node -e 0'], rows),
    notes: [],
  }
}
