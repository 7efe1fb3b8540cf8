// Applies the sources that each line of the input names, in its network, and tells what was said.

import { createInterface } from 'node:readline'
import { applyCommand } from '../../../src/cli/commands.ts'
import { run } from '../../support/commands.ts'

for await (const line of createInterface(process.stdin)) {
  console.log(JSON.stringify(await run(applyCommand, JSON.parse(line))))
}
