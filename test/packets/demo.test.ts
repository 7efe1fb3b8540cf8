import { execa } from 'execa'
import { expect, test } from 'vitest'

test('the demo shows what it promises and leaves nothing behind', async () => {
  const script = new URL('../../scripts/demo.mjs', import.meta.url).pathname
  const before = await execa('ip', ['netns', 'list'])
  const { exitCode, stdout } = await execa('node', [script], { reject: false, all: true })
  expect(exitCode, stdout).toBe(0)
  expect(stdout).toContain('applied:')
  const names = (text: string) => text.split('\n').filter((line) => line.includes('demo'))
  expect(names((await execa('ip', ['netns', 'list'])).stdout)).toEqual(names(before.stdout))
})
