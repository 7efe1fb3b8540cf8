import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { renderCommand } from '../../src/cli/commands.ts'

const fixture = fileURLToPath(
  new URL('../../fixtures/contested-address-older-wins/', import.meta.url),
)

test('what a Service does not get is named as people write it', async () => {
  const lines: string[] = []
  const output = {
    out: () => undefined,
    say: (line: string) => lines.push(line),
    colour: false,
  }
  const files = [`${fixture}input.yaml`, `${fixture}node.yaml`]
  const options = { config: undefined, node: 'node-a', scope: undefined, backend: undefined }
  const code = await renderCommand({ files, ...options, format: 'text', state: undefined }, output)
  expect(code).toBe(0)
  expect(lines).toEqual([
    expect.stringMatching(
      /^Service blog\/web: 203\.0\.113\.110:80\/tcp belongs to Service shop\/web/,
    ),
  ])
})
