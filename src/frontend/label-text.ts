import type { Brand } from '../model/brand.ts'
import { sha256 } from './sha256.ts'

/** Labels are comments of elements and rules; they say to which Service something belongs. */

/** A Service as labels name it: compare it with that of a known Service, do not parse it. */
export type Owner = Brand<string, 'Owner'>

/** NFTNL_UDATA_COMMENT_MAXLEN of libnftnl without its NUL; iptables takes 255 (xt_comment.h). */
const MAX_LABEL = 127
/** The length of the longest kind, `load-balancer`. */
const MAX_KIND = 13
/** The room that a port name always gets: the longest that IANA_SVC_NAME allows. */
const MIN_PORT = 15
/** The room that is left for the owner in `owner:port kind`. */
const MAX_OWNER = MAX_LABEL - ':'.length - MIN_PORT - ' '.length - MAX_KIND
const OWNER_DIGEST = 16
const PORT_DIGEST = 8

/** Returns `namespace/name` if it fits, else its beginning and a digest of all of it. */
export function ownerOf(name: string): Owner {
  if (name.length <= MAX_OWNER) return name as Owner
  // A Service may have thousands of labels, which are made one after the other, so the latest owner
  // is kept.
  if (latest.name !== name) latest = { name, owner: cut(name, MAX_OWNER, OWNER_DIGEST) as Owner }
  return latest.owner
}

let latest: { readonly name: string; readonly owner: Owner } = { name: '', owner: '' as Owner }

/**
 * Returns the label `owner:port kind`; a port name that does not fit is shortened. It is joined at
 * once, because V8 would keep the parts of a template for as long as nobody reads the label.
 */
export function labelOf(name: string, port: string, kind: string): string {
  const owner = ownerOf(name)
  const room = MAX_LABEL - owner.length - ':'.length - ' '.length - kind.length
  return [owner, ':', cut(port, room, PORT_DIGEST), ' ', kind].join('')
}

/** Returns the owner in a label. No object's name has a colon. */
export function ownerIn(label: string): Owner {
  const colon = label.lastIndexOf(':')
  return (colon < 0 ? label : label.slice(0, colon)) as Owner
}

/** Returns the port and the kind in a label; both are empty if it names a Service as a whole. */
export function portIn(label: string): { readonly port: string; readonly kind: string } {
  const rest = label.slice(ownerIn(label).length + ':'.length)
  const space = rest.lastIndexOf(' ')
  return space < 0
    ? { port: '', kind: '' }
    : { port: rest.slice(0, space), kind: rest.slice(space + 1) }
}

/** No object's name has a tilde, so a shortened text is never the name of another object. */
function cut(text: string, length: number, digits: number): string {
  if (text.length <= length) return text
  const digest = [...sha256(text)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${text.slice(0, length - 1 - digits)}~${digest.slice(0, digits)}`
}
