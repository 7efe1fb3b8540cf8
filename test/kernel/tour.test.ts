import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { beforeAll, expect, test } from 'vitest'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'

/** The tour and the README are scripts: what they type is run, what they show is what comes. */

const root = fileURLToPath(new URL('../../', import.meta.url))

beforeAll(() => enterNewNetwork())

interface Step {
  readonly command: string
  /** What the page shows of the output; `…` stands for lines that it leaves out. */
  readonly shown: string
}

/** Returns the commands behind a root prompt, each with what is shown below it. */
function stepsOf(page: string): readonly Step[] {
  const text = readFileSync(`${root}${page}`, 'utf8')
  const blocks = [...text.matchAll(/^```\n(.*?)^```$/gms)].map(([, block = '']) => block)
  return blocks
    .flatMap((block) => block.split(/^# /m).slice(1))
    .map((step) => {
      const end = step.indexOf('\n')
      return { command: step.slice(0, end), shown: step.slice(end + 1) }
    })
}

/** Durations differ, and so do the handles that a kernel gives. */
function comparable(text: string): string {
  return text.replace(/\d+ ms$/gm, 'N ms').replace(/handle \d+/g, 'handle N')
}

/** Leaves out of `told` what `shown` leaves out. */
function asShown(told: string, shown: string): string {
  const [head, tail] = shown.split(/^ *…\n/m)
  if (head === undefined || tail === undefined) return told
  const isAround = told.startsWith(head) && told.endsWith(tail)
  return isAround ? shown : told
}

const [install, define, ...tour] = stepsOf('docs/tour.md')

test('the tour makes the command first', () => {
  // The program is built before these tests, so this is not done again.
  expect(install).toEqual({ command: 'npm ci && npm run build', shown: '' })
  expect(define?.command).toContain('nodelb() {')
})

test.each([
  ['docs/tour.md', 5, tour],
  ['README.md', 2, stepsOf('README.md')],
])('%s shows what its commands say', async (_, least, steps) => {
  expect(steps.length).toBeGreaterThanOrEqual(least)
  for (const { command, shown } of steps) {
    const script = `${define?.command}\n${command}`
    const { stdout, stderr } = await execa('bash', ['-c', script], { cwd: root, reject: false })
    const told = comparable(stdout === '' ? '' : `${stdout}\n`)
    const wanted = comparable(shown)
    expect({ command, told: asShown(told, wanted), stderr }).toEqual({
      ...{ command, told: wanted, stderr: '' },
    })
  }
})

test('the status that the README shows is one of the goldens', () => {
  const golden = readFileSync(`${root}test/golden/status/contested.80`, 'utf8')
  expect(readFileSync(`${root}README.md`, 'utf8')).toContain(`$ nodelb status\n${golden}`)
})
