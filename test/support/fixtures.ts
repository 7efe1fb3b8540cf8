import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { decodeExpectations, type Expectation } from './packets.ts'

/** One input of a fixture, and what packets do once it is applied. */
export interface Step {
  readonly input: string
  readonly packets: readonly Expectation[]
}

/** A folder below fixtures/: one behaviour, told as one step or as a story of several. */
export interface PacketFixture {
  readonly name: string
  readonly sentence: string
  readonly node: string
  readonly config: string | undefined
  readonly steps: readonly Step[]
}

const root = fileURLToPath(new URL('../../fixtures/', import.meta.url))

/** Every fixture that says what packets do. */
export function packetFixtures(): PacketFixture[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .filter((name) => readdirSync(root + name).some((file) => file.endsWith('packets.yaml')))
    .sort()
    .map(readFixture)
}

function readFixture(name: string): PacketFixture {
  const folder = `${root}${name}/`
  const config = `${folder}config.yaml`
  const inputs = readdirSync(folder)
    .filter((file) => /^(\d+-)?input\.yaml$/.test(file))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
  return {
    name,
    sentence: firstSentence(`${folder}README.md`),
    node: `${folder}node.yaml`,
    config: existsSync(config) ? config : undefined,
    steps: inputs.map((input, index) => ({
      input: folder + input,
      packets: readPackets(folder, input, index === inputs.length - 1),
    })),
  }
}

/** "2-packets.yaml" belongs to "2-input.yaml"; "packets.yaml" to the last input. */
function readPackets(folder: string, input: string, last: boolean): readonly Expectation[] {
  const numbered = input.replace('input', 'packets')
  const candidates = last ? [numbered, 'packets.yaml'] : [numbered]
  const file = candidates.find((candidate) => existsSync(folder + candidate))
  return file === undefined ? [] : decodeExpectations(parse(readFileSync(folder + file, 'utf8')))
}

function firstSentence(file: string): string {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.find((line) => line !== '' && !line.startsWith('#')) ?? ''
}
