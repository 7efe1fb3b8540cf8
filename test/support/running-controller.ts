import { nodelb } from './lab.ts'
import { RunningProgram } from './running-program.ts'

/** As deploy/ has it. The user stays, because the files here are its own. */
const WITHOUT_CAPABILITIES = ['--bounding-set=-all', '--inh-caps=-all', '--no-new-privs']

/** `nodelb controller`. */
export class RunningController extends RunningProgram {
  /** Starts it without any capability. The kernel kills it if the tests die, however they die. */
  static start(kubeconfig: string, ...args: readonly string[]): RunningController {
    return new RunningController([
      ...['setpriv', ...WITHOUT_CAPABILITIES, '--pdeathsig=KILL', '--'],
      // By its name: the first line of the program says with which flags Node.js runs it.
      ...[nodelb, 'controller', '--kubeconfig', kubeconfig, '--listen', '127.0.0.1:0', ...args],
    ])
  }
}
