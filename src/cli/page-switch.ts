import { hostname } from 'node:os'
import { writeListen } from '../config/write-value.ts'
import type { ControllerNews } from '../controller/news.ts'
import type { UiSettings } from '../model/listening.ts'
import type { ListenState } from '../telemetry/listen.ts'
import type { ApiClient } from '../watch/api/client.ts'
import type { ServedPage } from './page/page.ts'

interface PageSwitchOptions {
  readonly client: ApiClient
  readonly version: string
}

type Tell = (news: ControllerNews) => void

/** Serves the page of the controller where the configuration says so, and stops when it says otherwise. */
export class PageSwitch {
  readonly #options: PageSwitchOptions
  #tell: Tell = () => undefined
  #served: Promise<ServedPage | undefined> = Promise.resolve(undefined)
  #former = ''

  constructor(options: PageSwitchOptions) {
    this.#options = options
  }

  /** Has the page be as these settings say, and reports how that goes. */
  begin(ui: UiSettings, tell: Tell): void {
    this.#tell = tell
    this.use(ui)
  }

  /** Has the page be as these settings say. */
  use(ui: UiSettings): void {
    const text = JSON.stringify(ui)
    if (text === this.#former) return
    this.#former = text
    this.#served = this.#replace(this.#served, ui)
  }

  /** Ends it. */
  async close(): Promise<void> {
    await (await this.#served)?.close()
  }

  async #replace(
    former: Promise<ServedPage | undefined>,
    { enabled, listen }: UiSettings,
  ): Promise<ServedPage | undefined> {
    await (await former)?.close()
    if (!enabled) return undefined
    const { client, version } = this.#options
    // It is half of the program, and read only where it is wanted.
    const { servePage } = await import('./page/page.ts')
    const servedBy = { version, pod: process.env['POD_NAME'] ?? hostname() }
    const onState = (state: ListenState, port: number): void => {
      const at = writeListen({ ...listen, port })
      if (state.kind === 'listening') this.#tell({ event: 'ui-listening', at })
      else this.#tell({ event: 'ui-listen-failed', at, reason: state.reason })
    }
    return servePage({ client, listen, servedBy, onState })
  }
}
