import { nodelb } from './lab.ts'
import { RunningProgram } from './running-program.ts'

/** `nodelb run`. */
export class RunningAgent extends RunningProgram {
  /**
   * `enter`: the command that runs its arguments where the agent has to be. `confine` makes of a
   * command one that has less.
   */
  static start(
    enter: readonly string[],
    args: readonly string[],
    confine: (command: readonly string[]) => readonly string[] = (command) => command,
  ): RunningAgent {
    const command = [process.execPath, nodelb, 'run', '--log-level', 'debug', ...args]
    return new RunningAgent([...enter, ...confine(command)])
  }
}
