import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parseAllDocuments, stringify } from 'yaml'
import type { BackendKind } from '../../src/model/backend.ts'
import { expectedOf, isSent } from './differences.ts'
import type { PacketFixture } from './fixtures.ts'
import type { Lab } from './lab.ts'
import { disappointments } from './packets.ts'

/** What programs the node of a lab. */
export interface Subject {
  readonly title: string
  readonly backend: BackendKind
  /** Of iptables. */
  readonly flavour?: 'nft' | 'legacy'
}

/** Programs each step of a fixture by this backend, and sends its packets. */
export async function play(lab: Lab, fixture: PacketFixture, subject: Subject): Promise<void> {
  const { backend } = subject
  const folder = mkdtempSync(join(tmpdir(), 'nodelb-packets-'))
  try {
    const config = configOf(fixture, subject, folder)
    for (const { input, packets } of fixture.steps) {
      const applied = await lab.nodelb([
        ...['apply', '-f', input, '-f', fixture.node, '--node', 'node-a'],
        ...['--backend', backend, ...config],
      ])
      expect(applied, applied.stderr).toMatchObject({ exitCode: 0 })
      const sent = packets.filter((line) => isSent(fixture.name, backend, line))
      const expected = sent.map((line) => expectedOf(fixture.name, backend, line))
      expect(await disappointments(lab, expected)).toEqual([])
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The fixture's configuration, with the flavour where there is one. */
function configOf(
  { config }: PacketFixture,
  { flavour }: Subject,
  folder: string,
): readonly string[] {
  if (flavour === undefined) return config === undefined ? [] : ['--config', config]
  const text = config === undefined ? '' : readFileSync(config, 'utf8')
  const documents: unknown[] = parseAllDocuments(text).map((document) => document.toJS())
  const isNodelb = (each: unknown): boolean => (each as { kind?: string })?.kind === KIND
  const nodelb = documents.find(isNodelb) ?? { apiVersion: 'nodelb.io/v1alpha1', kind: KIND }
  const others = documents.filter((each) => each !== null && !isNodelb(each))
  const all = [...others, { ...(nodelb as object), iptables: { flavour } }]
  const file = join(folder, 'config.yaml')
  writeFileSync(file, all.map((each) => stringify(each)).join('---\n'))
  return ['--config', file]
}

const KIND = 'NodelbConfiguration'

/** Prints all rules that are left, then forgets all connections. */
const LEFT = 'nft list ruleset; iptables-legacy-save; ip6tables-legacy-save; conntrack -F'

/** Leaves the lab to the next fixture as it was found. */
export async function clean(lab: Lab): Promise<void> {
  const cleaned = await lab.nodelb(['cleanup'])
  expect(cleaned, cleaned.stderr).toMatchObject({ exitCode: 0 })
  const left = await lab.run('sh', ['-ec', LEFT])
  expect(left, left.stderr).toMatchObject({ exitCode: 0 })
  expect(left.stdout).not.toMatch(/nodelb/i)
}
