import { readStatus } from '../../src/report/status/status-socket.ts'

/** Milliseconds: less than a test may take, so that what fails names the agent. */
const PATIENCE = 120_000

/** What the agent behind a socket says of itself. No slowness of the machine passes for its silence. */
export function agentStatus(socket: string): ReturnType<typeof readStatus> {
  return readStatus(socket, { timeoutMs: PATIENCE })
}
