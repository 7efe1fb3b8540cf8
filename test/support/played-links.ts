import type { AttributeWriter } from '../../src/apply/netlink/attributes.ts'
import { readAttributes, readText } from '../../src/apply/netlink/attributes.ts'
import { hostU32, readU32 } from '../../src/apply/netlink/host-order.ts'
import type { Reply } from '../../src/apply/netlink/message.ts'
import type { NetlinkSocket } from '../../src/apply/netlink/socket.ts'
import {
  ADDRESS,
  ADDRESS_HEADER,
  LINK,
  LINK_HEADER,
  LINK_INFO,
  MESSAGE,
} from '../../src/apply/rtnetlink/constants.ts'
import { addressFromBytes } from '../../src/model/address.ts'
import { type Answer, payloadOf, playedSocket, within } from './played-netlink.ts'

interface PlayedLink {
  readonly index: number
  readonly name: string
  readonly kind: string
  alias: string
}

interface PlayedAddress {
  readonly header: Buffer
  readonly bytes: Buffer
}

/** Dummy interfaces and their addresses, as rtnetlink tells of them where the kernel has the module. */
export class PlayedLinks {
  readonly #links: Map<string, PlayedLink> = new Map()
  #addresses: PlayedAddress[] = []
  #nextIndex = 1
  /** Names of errors by the kind of message that gets them, such as `newLink`. */
  readonly refused: Map<keyof typeof MESSAGE, string> = new Map()
  /** Families whose addresses are refused, such as where IPv6 is off. */
  readonly refusedFamilies: Set<number> = new Set()

  open(): NetlinkSocket {
    return playedSocket((message, isDump) => this.#answer(message, isDump))
  }

  /** Makes an interface as another program would. */
  add(name: string, kind: string): void {
    this.#links.set(name, { index: this.#nextIndex++, name, kind, alias: '' })
  }

  names(): readonly string[] {
    return [...this.#links.keys()]
  }

  alias(name: string): string | undefined {
    return this.#links.get(name)?.alias
  }

  /** Gives an interface an address, as an administrator would; the prefix is 24 bits long. */
  assign(name: string, address: readonly number[]): void {
    const header = Buffer.alloc(ADDRESS_HEADER)
    header.set([2, 24])
    header.set(hostU32(this.#links.get(name)?.index ?? 0), 4)
    this.#addresses.push({ header, bytes: Buffer.from(address) })
  }

  /** Takes an address from its interface, as an administrator would. */
  take(address: string): void {
    this.#addresses = this.#addresses.filter(({ bytes }) => addressFromBytes(bytes) !== address)
  }

  #answer({ type, payload }: Reply, isDump: boolean): Answer {
    const kind = NAMES.get(type)
    const refusal = kind && this.refused.get(kind)
    if (refusal !== undefined) return refusal
    switch (kind) {
      case 'getLink':
        return isDump ? [...this.#links.values()].map(linkPayload) : this.#oneLink(payload)
      case 'newLink':
        return this.#newLink(payload)
      case 'setLink':
        return this.#setLink(payload)
      case 'deleteLink':
        return this.#deleteLink(readU32(payload.subarray(4)))
      case 'getAddress':
        return this.#addresses.map(addressPayload)
      case 'newAddress':
        return this.#newAddress(payload)
      case 'deleteAddress':
        return this.#deleteAddress(payload)
      default:
        return 'EOPNOTSUPP'
    }
  }

  #named(payload: Buffer): PlayedLink | undefined {
    return this.#links.get(readText(readAttributes(payload.subarray(LINK_HEADER)).get(LINK.name)))
  }

  #oneLink(payload: Buffer): Answer {
    const link = this.#named(payload)
    return link === undefined ? 'ENODEV' : [linkPayload(link)]
  }

  #newLink(payload: Buffer): Answer {
    if (this.#named(payload) !== undefined) return 'EEXIST'
    const attributes = readAttributes(payload.subarray(LINK_HEADER))
    const kind = readText(within(attributes.get(LINK.info)).get(LINK_INFO.kind))
    this.add(readText(attributes.get(LINK.name)), kind)
    return []
  }

  #setLink(payload: Buffer): Answer {
    const link = this.#named(payload)
    if (link === undefined) return 'ENODEV'
    link.alias = readText(readAttributes(payload.subarray(LINK_HEADER)).get(LINK.alias))
    return []
  }

  #deleteLink(index: number): Answer {
    const link = [...this.#links.values()].find((each) => each.index === index)
    if (link === undefined) return 'ENODEV'
    this.#links.delete(link.name)
    this.#addresses = this.#addresses.filter(({ header }) => readU32(header.subarray(4)) !== index)
    return []
  }

  #at(payload: Buffer): number {
    const wanted = addressIn(payload)
    return this.#addresses.findIndex(
      ({ header, bytes }) =>
        bytes.equals(wanted.bytes) && header.subarray(4).equals(wanted.header.subarray(4)),
    )
  }

  #newAddress(payload: Buffer): Answer {
    if (this.refusedFamilies.has(payload[0] ?? 0)) return 'EACCES'
    if (this.#at(payload) >= 0) return 'EEXIST'
    this.#addresses.push(addressIn(payload))
    return []
  }

  #deleteAddress(payload: Buffer): Answer {
    const at = this.#at(payload)
    if (at < 0) return 'EADDRNOTAVAIL'
    this.#addresses.splice(at, 1)
    return []
  }
}

const NAMES: ReadonlyMap<number, keyof typeof MESSAGE> = new Map(
  (Object.entries(MESSAGE) as [keyof typeof MESSAGE, number][]).map(([name, type]) => [type, name]),
)

function linkPayload({ index, name, kind, alias }: PlayedLink): Buffer {
  const header = Buffer.alloc(LINK_HEADER)
  header.set(hostU32(index), 4)
  return payloadOf(header, (writer: AttributeWriter) => {
    writer.text(LINK.name, name)
    if (alias !== '') writer.text(LINK.alias, alias)
    if (kind !== '') writer.nested(LINK.info, () => writer.text(LINK_INFO.kind, kind))
  })
}

function addressPayload({ header, bytes }: PlayedAddress): Buffer {
  return payloadOf(header, (writer) => writer.bytes(ADDRESS.address, bytes))
}

function addressIn(payload: Buffer): PlayedAddress {
  const bytes = readAttributes(payload.subarray(ADDRESS_HEADER)).get(ADDRESS.local)
  return {
    header: Buffer.from(payload.subarray(0, ADDRESS_HEADER)),
    bytes: Buffer.from(bytes ?? []),
  }
}
