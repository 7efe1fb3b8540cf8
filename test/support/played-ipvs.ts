import { CONTROL_ATTRIBUTE, GENL_ID_CTRL } from '../../src/apply/generic/constants.ts'
import { genericAttributes } from '../../src/apply/generic/message.ts'
import {
  ATTRIBUTE,
  COMMAND,
  DESTINATION,
  SERVICE,
  SERVICE_FLAG,
} from '../../src/apply/ipvs/constants.ts'
import { type Attributes, readText } from '../../src/apply/netlink/attributes.ts'
import { hostU32, readU32, writeU16, writeU32 } from '../../src/apply/netlink/host-order.ts'
import type { Reply } from '../../src/apply/netlink/message.ts'
import type { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import { type Answer, payloadOf, playedSocket, within } from './played-netlink.ts'

const FAMILY = 37

interface PlayedServer {
  readonly attributes: Map<number, Buffer>
  readonly destinations: Map<string, Attributes>
}

/**
 * ipvs as its generic netlink family tells of it, for kernels without the module: as strict about what exists as
 * net/netfilter/ipvs/ip_vs_ctl.c.
 */
export class PlayedIpvs {
  readonly #servers: Map<string, PlayedServer> = new Map()
  readonly #timeouts: Map<number, Buffer> = new Map(
    [900, 120, 300].map((seconds, at) => [ATTRIBUTE.timeoutTcp + at, hostU32(seconds)]),
  )
  /** Whether the kernel has ipvs. */
  isLoaded = true
  readonly schedulers: Set<string> = new Set(['rr', 'wrr', 'lc', 'wlc', 'sh', 'mh'])
  /** Names of errors by the command that gets them. */
  readonly refused: Map<keyof typeof COMMAND, string> = new Map()
  /** Whether another program makes the next new server a moment before. */
  isOvertaken = false

  open(): NetlinkSocket {
    return playedSocket((message, isDump) => this.#answer(message, isDump))
  }

  get count(): number {
    return this.#servers.size
  }

  /** Removes all that ipvs has, as `ipvsadm --clear` does. */
  clear(): void {
    this.#servers.clear()
  }

  /** Takes the destinations of all servers, as an administrator would. */
  takeDestinations(): void {
    for (const { destinations } of this.#servers.values()) destinations.clear()
  }

  #answer({ type, payload }: Reply, isDump: boolean): Answer {
    if (type === GENL_ID_CTRL) return this.#family()
    const command = NAMES.get(payload[0] ?? 0)
    if (command === undefined) return 'EOPNOTSUPP'
    const refusal = this.refused.get(command)
    if (refusal !== undefined) return refusal
    return this.#perform(command, genericAttributes(payload), isDump)
  }

  #family(): Answer {
    if (!this.isLoaded) return 'ENOENT'
    return [payloadOf(GENERIC, (writer) => writeU16(writer, CONTROL_ATTRIBUTE.id, FAMILY))]
  }

  #perform(command: keyof typeof COMMAND, attributes: Attributes, isDump: boolean): Answer {
    switch (command) {
      case 'getService':
        return [...this.#servers.values()].map(serverPayload)
      case 'getConfig':
        return [configPayload(this.#timeouts)]
      case 'setConfig':
        for (const [type, value] of attributes) {
          if (readU32(value) !== 0) this.#timeouts.set(type, Buffer.from(value))
        }
        return []
      case 'newService':
      case 'setService':
      case 'deleteService':
        return this.#changeServer(command, within(attributes.get(ATTRIBUTE.service)))
      default: {
        const server = this.#servers.get(idOf(within(attributes.get(ATTRIBUTE.service))))
        if (server === undefined) return 'ESRCH'
        if (isDump) return [...server.destinations.values()].map(destinationPayload)
        const destination = within(attributes.get(ATTRIBUTE.destination))
        return changeDestination(command, server, destination)
      }
    }
  }

  #changeServer(
    command: 'newService' | 'setService' | 'deleteService',
    attributes: Attributes,
  ): Answer {
    const id = idOf(attributes)
    if (command === 'newService' && this.isOvertaken) {
      this.isOvertaken = false
      this.#servers.set(id, { attributes: copied(attributes), destinations: new Map() })
    }
    const known = this.#servers.get(id)
    if (command === 'deleteService') return this.#servers.delete(id) ? [] : 'ESRCH'
    if (command === 'newService' && known !== undefined) return 'EEXIST'
    if (command === 'setService' && known === undefined) return 'ESRCH'
    if (!this.schedulers.has(readText(attributes.get(SERVICE.scheduler)))) return 'ENOENT'
    const destinations = known?.destinations ?? new Map<string, Attributes>()
    this.#servers.set(id, { attributes: copied(attributes), destinations })
    return []
  }
}

const GENERIC = Uint8Array.of(1, 1, 0, 0)

const NAMES: ReadonlyMap<number, keyof typeof COMMAND> = new Map(
  (Object.entries(COMMAND) as [keyof typeof COMMAND, number][]).map(([name, type]) => [type, name]),
)

function changeDestination(
  command: keyof typeof COMMAND,
  { destinations }: PlayedServer,
  attributes: Attributes,
): Answer {
  const key = [DESTINATION.address, DESTINATION.port].map((type) => hex(attributes, type)).join()
  if (command === 'deleteDestination') return destinations.delete(key) ? [] : 'ENOENT'
  if (command === 'newDestination' && destinations.has(key)) return 'EEXIST'
  if (command === 'setDestination' && !destinations.has(key)) return 'ENOENT'
  destinations.set(key, copied(attributes))
  return []
}

function hex(attributes: Attributes, type: number): string {
  return attributes.get(type)?.toString('hex') ?? ''
}

/** Messages are valid only until the next one. */
function copied(attributes: Attributes): Map<number, Buffer> {
  return new Map([...attributes].map(([type, value]) => [type, Buffer.from(value)]))
}

function idOf(attributes: Attributes): string {
  const { family, protocol, address, port } = SERVICE
  return [family, protocol, address, port].map((type) => hex(attributes, type)).join()
}

/** The kernel tells the flags without their mask, and that the server is hashed. */
function serverPayload({ attributes }: PlayedServer): Buffer {
  return payloadOf(GENERIC, (writer) =>
    writer.nested(ATTRIBUTE.service, () => {
      for (const [type, value] of attributes) {
        const flags = readU32(value) | SERVICE_FLAG.hashed
        const told = type === SERVICE.flags ? Buffer.concat([hostU32(flags), hostU32(-1)]) : value
        writer.bytes(type, told)
      }
    }),
  )
}

function destinationPayload(attributes: Attributes): Buffer {
  return payloadOf(GENERIC, (writer) =>
    writer.nested(ATTRIBUTE.destination, () => {
      for (const [type, value] of attributes) writer.bytes(type, value)
      writeU32(writer, DESTINATION.activeConnections, 1)
    }),
  )
}

function configPayload(timeouts: ReadonlyMap<number, Buffer>): Buffer {
  return payloadOf(GENERIC, (writer) => {
    for (const [type, value] of timeouts) writer.bytes(type, value)
  })
}
