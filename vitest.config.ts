import { defineConfig, type Plugin, type ViteUserConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Takes first what takes longest: with several workers the rest fills in beside it. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const first = [
      'test/vm/uml.test.ts',
      'test/packets/fixtures.test.ts',
      'test/packets/',
      'test/kernel/',
    ]
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = first.findIndex((part) => moduleId.includes(part))
      return at < 0 ? first.length : at
    }
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => rank(a) - rank(b))
  }
}

/** A switch over all cases ends in `unreachable`, which the compiler proves: no test can get there. */
const exhaustiveDefaults: Plugin = {
  name: 'exhaustive defaults are not counted',
  enforce: 'post',
  transform: (code) =>
    code.replaceAll(/default:(?=\s*(?:return )?unreachable\()/g, '/* v8 ignore next */ default:'),
}

// Everything that needs root or packets, by the folder it lives in.
const kernel = ['test/kernel/**/*.test.ts', 'test/apply/**/*.test.ts']
// What `npm test` takes a part of only: whatever imports test/support/runs.ts (test/house/runs.test.ts);
// and what it leaves out.
const long = [
  'test/property/**/*.test.ts',
  'test/allocate/laws.test.ts',
  'test/allocate/metallb.test.ts',
  'test/agent/reconciler-schedules.test.ts',
  'test/watch/addresses/schedules.test.ts',
  'test/announce/transition-schedules.test.ts',
  'test/kernel/announce-handover-random.test.ts',
  'test/kernel/bgp-changes.test.ts',
  'test/kernel/explain-iptables.test.ts',
  'test/kernel/frr.test.ts',
  'test/bgp/frr-sessions.test.ts',
  'test/packets/affinity.test.ts',
  'test/packets/affinity-full.test.ts',
  'test/packets/agent.test.ts',
  'test/packets/agent-backends.test.ts',
  'test/packets/agent-iptables.test.ts',
  'test/packets/agent-node.test.ts',
  'test/packets/churn.test.ts',
  'test/packets/fixtures.test.ts',
  'test/packets/strays.test.ts',
  'test/e2e/long/*.test.ts',
]
const packets = ['test/packets/**/*.test.ts']
// Real routers; a session takes its time to come about.
const bgp = ['test/bgp/**/*.test.ts']
const golden = ['test/golden/**/*.test.ts']
const e2e = ['test/e2e/**/*.test.ts']
// The rules of deploy/crds, with a part of a newer API server than that of e2e.
const crds = ['test/crds/**/*.test.ts']
// What is deeper there runs inside the guests that these boot.
const vm = ['test/vm/*.test.ts']
const slow = ['test/vm/slow/*.test.ts']
// Builds the container image first.
const image = ['test/image/*.test.ts']
// Drives a browser.
const page = ['test/page/*.test.ts']

const config: ViteUserConfig = defineConfig({
  plugins: [exhaustiveDefaults],
  test: {
    // Of what runs in vitest's own processes; docs/adr/0026-coverage.md says what that leaves out.
    coverage: {
      include: ['src/**/*.ts'],
      exclude: ['src/model/unreachable.ts'],
      reporter: ['text-summary', ['text', { file: 'uncovered.txt', skipFull: true }]],
      thresholds: {
        lines: 90,
        branches: 90,
        'src/{model,allocate,decode,exempt,frontend,trace}/**': { lines: 100, branches: 100 },
        'src/render/**': { lines: 100, branches: 99.5 },
        'src/{announce,page,plan,ruleset,view}/**': { lines: 100, branches: 99 },
      },
    },
    // One for each of two processors, and one more: much of the time goes by waiting.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    testTimeout: 300_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: [
            ...[...kernel, ...bgp, ...packets, ...golden, ...e2e, ...image, ...crds, ...page],
            'test/vm/**',
          ],
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          include: long,
          env: { LONG_TESTS: 'all' },
          testTimeout: 1_800_000,
        },
      },
      { extends: true, test: { name: 'golden', include: golden } },
      { extends: true, test: { name: 'kernel', include: kernel } },
      { extends: true, test: { name: 'packets', include: packets } },
      { extends: true, test: { name: 'bgp', include: bgp } },
      { extends: true, test: { name: 'crds', include: crds, hookTimeout: 1_500_000 } },
      { extends: true, test: { name: 'vm', include: vm } },
      { extends: true, test: { name: 'slow', include: slow } },
      {
        extends: true,
        test: { name: 'image', include: image, hookTimeout: 900_000 },
      },
      { extends: true, test: { name: 'page', include: page, hookTimeout: 600_000 } },
      {
        extends: true,
        // Each file has an API server, whose first start compiles it.
        test: {
          name: 'e2e',
          include: e2e,
          exclude: ['test/e2e/long/**'],
          fileParallelism: false,
          hookTimeout: 600_000,
        },
      },
    ],
  },
})
export default config
