import { compareIptables, planChanges } from '../../src/plan/iptables/plan.ts'
import type { RestoreStep } from '../../src/ruleset/iptables/print.ts'
import type { IptablesRuleset } from '../../src/ruleset/iptables/types.ts'

/** Plans from the current to the desired rules; the plan is empty if these are the same. */
export function planIptables(
  current: IptablesRuleset,
  desired: IptablesRuleset,
): readonly RestoreStep[] {
  return planChanges(compareIptables(current, desired))
}
