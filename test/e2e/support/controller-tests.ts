import { onTestFailed } from 'vitest'
import { RunningController } from '../../support/running-controller.ts'
import { ApiServer } from './apiserver.ts'
import { installController, paths } from './controllers.ts'
import { StatusChecker } from './status-checker.ts'

/** An API server with the kinds and the rights of the controller, for the tests of one file. */
export class ControllerTests {
  readonly server: ApiServer
  /** Follows all Services during one test. */
  checker: StatusChecker
  readonly #kubeconfig: string
  #controllers: RunningController[] = []

  static async begin(): Promise<ControllerTests> {
    const server = await ApiServer.start()
    await installController(server)
    const token = await server.serviceAccountToken('kube-system', 'nodelb-controller')
    return new ControllerTests(server, server.kubeconfig({ token }))
  }

  private constructor(server: ApiServer, kubeconfig: string) {
    this.server = server
    this.#kubeconfig = kubeconfig
    this.checker = new StatusChecker(server)
  }

  /** A replica with the rights of deploy/. */
  start(...args: readonly string[]): RunningController {
    const controller = RunningController.start(this.#kubeconfig, ...args)
    this.#controllers.push(controller)
    onTestFailed(() => console.error(controller.transcript()))
    return controller
  }

  /** Ends the controllers and removes all that one test has left. */
  async clear(): Promise<void> {
    const { admin } = this.server
    await Promise.all(this.#controllers.map((each) => each.end('SIGKILL')))
    this.#controllers = []
    await this.checker.end()
    for (const path of [paths.services('default'), paths.pools]) {
      const { items } = await admin.call('GET', path)
      for (const { metadata } of items) {
        if (metadata.name === 'kubernetes') continue
        await admin.call('PATCH', `${path}/${metadata.name}`, { metadata: { finalizers: null } })
        await admin.call('DELETE', `${path}/${metadata.name}`)
      }
    }
    await admin.ask('DELETE', paths.lease)
    this.checker = new StatusChecker(this.server)
  }

  async end(): Promise<void> {
    await this.checker.end()
    await this.server.stop()
  }
}

/** Resolves when the controller has written so many statuses; at once for less than one. */
export async function writes(controller: RunningController, count: number): Promise<void> {
  for (let written = 1; written <= count; written++) await controller.next('status-written')
}
