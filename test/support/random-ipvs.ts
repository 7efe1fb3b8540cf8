import fc from 'fast-check'
import { defaultIpvsSettings, schedulers } from '../../src/model/ipvs.ts'
import type { Settings } from '../../src/model/node.ts'
import { settings as tableSettings } from './random-cluster.ts'

/** Settings with the backend ipvs and any scheduler. */
export const ipvsSettings: fc.Arbitrary<Settings> = fc
  .record({ table: tableSettings, scheduler: fc.constantFrom(...schedulers) })
  .map(({ table, scheduler }) => ({
    ...table,
    target: 'pods',
    backend: { kind: 'ipvs', ...defaultIpvsSettings, scheduler },
  }))
