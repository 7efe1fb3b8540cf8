import { execa } from 'execa'
import { expect, test } from 'vitest'

const script = new URL('../../scripts/behaviours.mjs', import.meta.url).pathname

test('the table in docs/behaviours.md tells what fixtures/ holds', async () => {
  const { exitCode, stderr } = await execa(process.execPath, [script, '--check'], { reject: false })
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
})
