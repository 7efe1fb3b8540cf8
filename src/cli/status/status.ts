import { unreachable } from '../../model/unreachable.ts'
import { readStatus } from '../../report/status/status-socket.ts'
import { TROUBLE } from '../arguments.ts'
import type { Format } from '../common-options.ts'
import type { Output } from '../output.ts'
import { printStatus } from './status-text.ts'

/**
 * Runs `nodelb status`: prints what the running agent reports. Returns 0 if it is ready, 1 if not,
 * 2 for trouble.
 */
export async function statusCommand(
  socket: string,
  format: Format,
  output: Output,
): Promise<number> {
  const answer = await readStatus(socket)
  switch (answer.kind) {
    case 'status':
      output.out(format === 'json' ? `${answer.json}\n` : printStatus(answer.status))
      return answer.status.ready ? 0 : 1
    case 'not-running':
      output.say(`nodelb: no agent answers at ${socket}`)
      return TROUBLE
    case 'failed':
      output.say(`nodelb: ${answer.reason}`)
      return TROUBLE
    default:
      return unreachable(answer)
  }
}
