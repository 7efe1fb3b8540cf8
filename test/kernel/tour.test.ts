import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { beforeAll, expect, test } from 'vitest'
import { enterNewNetwork } from '../apply/nftables/namespace.ts'

/** The tour of the README is a script: what it types is run, what it shows is what comes. */

const root = fileURLToPath(new URL('../../', import.meta.url))

beforeAll(() => enterNewNetwork())

interface Step {
  readonly command: string
  /** What the README shows of the output; `…` stands for lines that it leaves out. */
  readonly shown: string
}

/** Returns the commands behind a root prompt, each with what is shown below it. */
function tour(): readonly Step[] {
  const readme = readFileSync(`${root}README.md`, 'utf8')
  const [, section = ''] = /^## A short tour$(.*?)^## /ms.exec(readme) ?? []
  const blocks = [...section.matchAll(/^```\n(.*?)^```$/gms)].map(([, text = '']) => text)
  return blocks
    .flatMap((text) => text.split(/^# /m).slice(1))
    .map((text) => {
      const end = text.indexOf('\n')
      return { command: text.slice(0, end), shown: text.slice(end + 1) }
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

test('the tour shows what its commands say, and makes the command first', async () => {
  const [install, define, ...steps] = tour()
  // The program is built before these tests, so this is not done again.
  expect(install).toEqual({ command: 'npm ci && npm run build', shown: '' })
  expect(steps.length).toBeGreaterThan(5)
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
