import * as z from 'zod'
import { parseAddress } from '../../model/address.ts'
import type { GivenAddresses } from './given.ts'

const KIND = 'GivenAddresses'
/** The version of the file that this program writes, and the only one that it reads. */
const VERSION = 1

const head = z.object({ kind: z.literal(KIND), version: z.number() })

const address = z.string().transform((text, context) => {
  const found = parseAddress(text)?.value
  if (found === undefined) context.addIssue('it is no address')
  return found ?? z.NEVER
})

const service = z.object({
  service: z.string().regex(/^[^/\s]+\/[^/\s]+$/),
  addresses: z.array(z.object({ address, pool: z.string().optional() })).min(1),
  status: z.array(address),
  renewed: z.string().optional(),
})

/** Returns the text of a state file: JSON, with one line for each Service. */
export function givenText(given: GivenAddresses): string {
  const lines = [...given].map(([name, { addresses, status, renewed }]) =>
    JSON.stringify({ service: name, addresses, status, renewed }),
  )
  return `{"kind":"${KIND}","version":${VERSION},"services":[\n${lines.join(',\n')}\n]}\n`
}

interface ReadGiven {
  readonly given: GivenAddresses
  /** What could not be read, or why nothing could; undefined if all was read. */
  readonly trouble: string | undefined
}

/** Reads a state file. An entry that cannot be read is left out, and the others count. */
export function readGiven(text: string): ReadGiven {
  const json = parsed(text)
  if (json === undefined) return nothing('it is no JSON, or it ends too early')
  const { success, data } = head.safeParse(json)
  if (!success) return nothing('it was not written by nodelb')
  const { version } = data
  if (version !== VERSION) {
    return nothing(`it is of version ${version}, and this nodelb reads version ${VERSION} only`)
  }
  const list = z.object({ services: z.array(z.unknown()) }).safeParse(json)
  if (!list.success) return nothing('its list of services is missing')
  const entries = list.data.services.map((each) => service.safeParse(each))
  const good = entries.flatMap((each) => (each.success ? [each.data] : []))
  const given = new Map(
    good.map((each) => [
      each.service,
      {
        addresses: each.addresses.map((held) => ({ address: held.address, pool: held.pool })),
        status: each.status,
        renewed: each.renewed,
      },
    ]),
  )
  const bad = entries.length - good.length
  const trouble = bad === 0 ? undefined : `${bad} of its ${entries.length} entries cannot be read`
  return { given, trouble }
}

function nothing(trouble: string): ReadGiven {
  return { given: new Map(), trouble }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
