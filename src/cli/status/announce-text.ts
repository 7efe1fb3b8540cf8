import { unreachable } from '../../model/unreachable.ts'
import type { AnnounceView } from '../../speaker/view.ts'

type AddressView = AnnounceView['addresses'][number]
type SpotView = AddressView['here'][number]

/** Returns lines that say what a node announces, and which other nodes it hears. */
export function announceLines(view: AnnounceView): readonly string[] {
  const { responder, switchMs, settled, members, addresses } = view
  const answers = responder === 'kernel' ? 'the kernel answers' : 'the agent answers'
  const standing = settled ? '' : '; as a newcomer it ranks behind the others'
  const heard = members.map(({ node, state }) => `${node} ${state}`)
  return [
    `${answers}, for ${Math.ceil(switchMs / 1000)} s without the agent${standing}`,
    ...(heard.length > 0 ? [`other agents: ${heard.join(', ')}`] : []),
    ...addresses.map(printAddress),
  ]
}

function printAddress({ address, services, owner, candidates, here }: AddressView): string {
  const what = `${address} (${services.join(', ')})`
  const who = owner === null ? 'no live Node may answer' : `${owner} answers`
  const order = candidates.length > 1 ? ` (order: ${candidates.join(', ')})` : ''
  if (here.length === 0) return `${what}: ${who}${order}`
  return `${what}: ${here.map(printSpot).join('; ')}${order}`
}

function printSpot(spot: SpotView): string {
  const { interface: name, state } = spot
  switch (state) {
    case 'answers':
      return `answers on ${name}${dispute(spot)}`
    case 'hands-over':
      return `answers on ${name} until the next Node does${dispute(spot)}`
    case 'asks':
      return `asks on ${name} whether anybody has it`
    case 'waits':
      return `does not answer on ${name}: ${printReason(spot)}`
    default:
      return unreachable(state)
  }
}

function dispute({ disputedBy }: SpotView): string {
  return disputedBy === undefined ? '' : ` (${disputedBy}, which is no Node, claims it as well)`
}

function printReason({ reason, mac }: SpotView): string {
  switch (reason) {
    case 'held':
      return `the Node with ${mac ?? 'another MAC address'} still does`
    case 'conflict':
      return `${mac}, which is no Node, has the address`
    case 'refused':
    case undefined:
      return 'it could not be programmed, or the network could not be asked'
    default:
      return unreachable(reason)
  }
}
