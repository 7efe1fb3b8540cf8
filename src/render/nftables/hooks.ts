import type { Settings } from '../../model/node.ts'
import type { BaseHook, Chain, Rule } from '../../ruleset/nftables/types.ts'
import { rule } from './rule-parts.ts'

/** The hooks that the chains of every backend begin at; their order is in docs/packet-path.md. */

/** How far ahead of kube-proxy's nat chains ours stand, where both are. */
const NAT_BEFORE_KUBE_PROXY = 5

export function hookChain(name: string, base: BaseHook, ...rules: Rule[]): Chain {
  return { name, base, rules }
}

/** Whether the client may, asked before NAT. */
export function beforeNat(): readonly Chain[] {
  const check = rule({ kind: 'new-connection' }, { kind: 'jump', chain: 'source-check' })
  return [
    hookChain(
      'before-nat-prerouting',
      { type: 'filter', hook: 'prerouting', priority: -110 },
      check,
    ),
    hookChain('before-nat-output', { type: 'filter', hook: 'output', priority: -110 }, check),
  ]
}

export function natDestination({ scope }: Settings, dispatch: Rule): readonly Chain[] {
  const priority = -100 - ahead(scope)
  return [
    hookChain('nat-prerouting', { type: 'nat', hook: 'prerouting', priority }, dispatch),
    hookChain('nat-output', { type: 'nat', hook: 'output', priority }, dispatch),
  ]
}

/** Masquerades what bears the mark, and what `more` says. */
export function natSource({ scope, masqueradeBit: bit }: Settings, more: Rule): Chain {
  return hookChain(
    'nat-postrouting',
    { type: 'nat', hook: 'postrouting', priority: 100 - ahead(scope) },
    rule({ kind: 'has-mark', bit }, { kind: 'clear-mark', bit }, { kind: 'masquerade' }),
    more,
  )
}

function ahead(scope: Settings['scope']): number {
  return scope === 'load-balancer' ? NAT_BEFORE_KUBE_PROXY : 0
}
