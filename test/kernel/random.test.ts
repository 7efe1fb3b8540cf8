import { execa } from 'execa'
import { expect, test } from 'vitest'

const WALKS = 100
const STEPS = 6

test(`the kernel takes ${WALKS} random clusters and ${WALKS * STEPS} changes of them, and ends where it should`, async () => {
  const script = new URL('./commit-random.ts', import.meta.url).pathname
  const { exitCode, stderr } = await execa(
    'unshare',
    ['-n', 'npx', 'tsx', script, String(WALKS), String(STEPS)],
    { reject: false },
  )
  expect(exitCode, stderr).toBe(0)
})
