import type * as z from 'zod'
import { fields, flag, text } from '../decode/fields.ts'
import type { Report } from '../decode/problem.ts'
import type { UiSettings } from '../model/listening.ts'
import { bindAddress } from './bind-address.ts'

/** The port of the page: the one after that of the controller's probes. */
const UI_PORT = 10_268

export const defaultUiSettings: UiSettings = {
  enabled: false,
  listen: { host: '127.0.0.1', port: UI_PORT },
}

type Read =
  | {
      readonly enabled?: boolean | null | undefined
      readonly bindAddress?: string | null | undefined
    }
  | null
  | undefined

export const uiSchema: z.ZodType<Read> = fields({
  enabled: flag.nullish(),
  bindAddress: text.nullish(),
}).nullish()

/** Returns the settings of the page; a bad address is reported, and then the default counts. */
export function uiOf(read: Read, report: Report): UiSettings {
  const { enabled, listen } = defaultUiSettings
  return {
    enabled: read?.enabled ?? enabled,
    listen: bindAddress(read?.bindAddress, 'ui.bindAddress', UI_PORT, report) ?? listen,
  }
}
