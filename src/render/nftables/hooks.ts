import type { Settings } from '../../model/node.ts'
import type { BaseHook, Chain, Rule } from '../../ruleset/nftables/types.ts'
import { rule } from './rule-parts.ts'

/** The hooks at which the chains of every backend begin; docs/packet-path.md has their order. */

/** How far nodelb's nat chains are ahead of kube-proxy's, if both exist. */
const NAT_BEFORE_KUBE_PROXY = 5

/** Returns a chain with these rules that is attached to a hook of the kernel. */
export function hookChain(name: string, base: BaseHook, ...rules: Rule[]): Chain {
  return { name, base, rules }
}

/** Checks before NAT whether the client may connect. */
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

/** Leads packets to `dispatch` where destinations are translated. */
export function natDestination({ scope }: Settings, dispatch: Rule): readonly Chain[] {
  const priority = -100 - ahead(scope)
  return [
    hookChain('nat-prerouting', { type: 'nat', hook: 'prerouting', priority }, dispatch),
    hookChain('nat-output', { type: 'nat', hook: 'output', priority }, dispatch),
  ]
}

/** Masquerades what bears the mark, and applies the rule `more`. */
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
